/** `flagstream serve`: one role in this process, for production; or flagd's files in place of flagd. */
import type { ConfigSources } from '@flagstream/runtime';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import {
  type FlagdFilesOptions,
  flagdFilesOf,
  flagdFilesOption,
  fractionalOption,
} from '../options/flagd-files-options.ts';
import { ROLE_NAMES, type Role, type RoleName, type Roles } from '../roles/roles.ts';
import { addSettingOptions, typedSettings } from '../roles/setting-options.ts';
import { UsageError } from '../usage-error.ts';

export interface RoleOptions {
  readonly role: RoleName;
  readonly config?: string;
}

interface ServeOptions extends Omit<RoleOptions, 'role'>, FlagdFilesOptions {
  readonly role?: RoleName;
}

/** Options of a command that takes a role, beside the role's settings. */
const ROLE_OPTION_NAMES: readonly string[] = ['role', 'config', 'output', 'flags', 'fractional'];

export function withRole(command: Command): Command {
  return command.addOption(roleOption().makeOptionMandatory()).addOption(configOption());
}

function roleOption(): Option {
  return new Option('--role <role>', 'what to be').choices(ROLE_NAMES);
}

function configOption(): Option {
  return new Option('--config <path>', 'YAML file with settings').env('FLAGSTREAM_CONFIG');
}

/** `roles` are there whenever the command is run or its help is shown. */
export function serveCommand(session: CliSession, roles: Roles | undefined): Command {
  const command = new Command('serve')
    .description("run a control plane or an evaluator, or serve flagd's files")
    .addOption(roleOption())
    .addOption(configOption())
    .addOption(flagdFilesOption())
    .addOption(fractionalOption());
  if (roles === undefined) return command;
  return addSettingOptions(command, roles)
    .addHelpText(
      'after',
      `
Each setting is a flag, an environment variable and a key of the file; they win in this order.
Logs are one JSON document per line on stdout. SIGTERM and Ctrl-C stop gracefully, a second one at once.
With --flags it is an evaluator whose flags are the files, as flagd: it needs no control plane and no NATS.

Examples:
  $ flagstream serve --role control-plane --data /var/lib/flagstream --nats-url nats://localhost:4222
  $ flagstream serve --role evaluator --nats-url nats://localhost:4222
  $ flagstream serve --flags demo.flagd.json
  $ flagstream config print --role evaluator`,
    )
    .action(session.action((options: ServeOptions) => serve(session, command, options, roles)));
}

async function serve(
  session: CliSession,
  command: Command,
  options: ServeOptions,
  roles: Roles,
): Promise<never> {
  const role = await roleOf(options, roles);
  const { runRole } = await import('../roles/run-role.ts');
  return runRole(session, role, roleSources(session, command, options));
}

async function roleOf(options: ServeOptions, roles: Roles): Promise<Pick<Role, 'name' | 'prepare'>> {
  const files = flagdFilesOf(options);
  if (files === undefined) {
    if (options.role !== undefined) return roles[options.role];
    throw new UsageError(
      'neither --role nor --flags says what to serve',
      "Choose one: --role control-plane, --role evaluator, or --flags FILE for a flagd file in flagd's place.",
    );
  }
  if (options.role === 'control-plane')
    throw new UsageError('--flags makes an evaluator, --role says control-plane', 'Leave --role out.');
  const { flagdFilesRole } = await import('../roles/flagd-files-role.ts');
  return flagdFilesRole(files);
}

/** Where the settings of a role come from. */
export function roleSources(
  session: CliSession,
  command: Command,
  options: Pick<RoleOptions, 'config'>,
): ConfigSources {
  return {
    flags: typedSettings(command, ROLE_OPTION_NAMES),
    env: session.env,
    ...(options.config === undefined ? {} : { file: options.config }),
  };
}

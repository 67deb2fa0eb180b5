/** `flagstream serve`: one role in this process, for production. */
import type { ConfigSources } from '@flagstream/runtime';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { ROLE_NAMES, type RoleName, type Roles } from '../roles/roles.ts';
import { addSettingOptions, typedSettings } from '../roles/setting-options.ts';

export interface RoleOptions {
  readonly role: RoleName;
  readonly config?: string;
}

/** Options of a command that takes a role, beside the role's settings. */
const ROLE_OPTION_NAMES: readonly string[] = ['role', 'config', 'output'];

export function withRole(command: Command): Command {
  return command
    .addOption(new Option('--role <role>', 'what to be').choices(ROLE_NAMES).makeOptionMandatory())
    .addOption(new Option('--config <path>', 'YAML file with settings').env('FLAGSTREAM_CONFIG'));
}

/** `roles` are there whenever the command is run or its help is shown. */
export function serveCommand(session: CliSession, roles: Roles | undefined): Command {
  const command = withRole(new Command('serve').description('run a control plane or an evaluator'));
  if (roles === undefined) return command;
  return addSettingOptions(command, roles)
    .addHelpText(
      'after',
      `
Each setting is a flag, an environment variable and a key of the file; they win in this order.
Logs are one JSON document per line on stdout. SIGTERM and Ctrl-C stop gracefully, a second one at once.

Examples:
  $ flagstream serve --role control-plane --data /var/lib/flagstream --nats-url nats://localhost:4222
  $ flagstream serve --role evaluator --nats-url nats://localhost:4222
  $ flagstream config print --role evaluator`,
    )
    .action(session.action((options: RoleOptions) => serve(session, command, options, roles)));
}

async function serve(
  session: CliSession,
  command: Command,
  options: RoleOptions,
  roles: Roles,
): Promise<never> {
  const { runRole } = await import('../roles/run-role.ts');
  return runRole(session, roles[options.role], roleSources(session, command, options));
}

/** Where the settings of a role come from. */
export function roleSources(session: CliSession, command: Command, options: RoleOptions): ConfigSources {
  return {
    flags: typedSettings(command, ROLE_OPTION_NAMES),
    env: session.env,
    ...(options.config === undefined ? {} : { file: options.config }),
  };
}

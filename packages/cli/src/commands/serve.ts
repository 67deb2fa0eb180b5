/** `flagstream serve`: one role in this process, for production. */
import { hostname } from 'node:os';
import { createLogger, Lifecycle, loadConfig, stopOnSignals } from '@flagstream/runtime';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { ROLE_NAMES, type RoleName, type Roles } from '../roles/roles.ts';
import { addSettingOptions, typedSettings } from '../roles/setting-options.ts';
import { VERSION } from '../version.ts';

export interface RoleOptions {
  readonly role: RoleName;
  readonly config?: string;
}

/** Options of a command that takes a role, beside the role's settings. */
const ROLE_OPTION_NAMES: readonly string[] = ['role', 'config', 'output'];

/** Longer than any role takes by itself. */
const STOP_TIMEOUT_MS = 60_000;

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
  const role = roles[options.role];
  const config = loadConfig(role.schema, roleSources(session, command, options));
  const { nodeId = hostname(), ...logging } = role.logging(config);
  const logger = createLogger({ service: role.name, version: VERSION, nodeId, ...logging });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => lifecycle.stop() });
  await lifecycle.start(
    role.name,
    () => role.start(config),
    (running) => running.close(),
  );
  return untilSignal();
}

/** Where the settings of a role come from. */
export function roleSources(
  session: CliSession,
  command: Command,
  options: RoleOptions,
): Parameters<typeof loadConfig>[1] {
  return {
    flags: typedSettings(command, ROLE_OPTION_NAMES),
    env: session.env,
    ...(options.config === undefined ? {} : { file: options.config }),
  };
}

/** A signal ends the process. */
export function untilSignal(): Promise<never> {
  return new Promise<never>(() => undefined);
}

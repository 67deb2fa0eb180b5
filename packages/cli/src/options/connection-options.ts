/** Flags that say where to call, and in which project and environment; alike on every command. */
import { isFlagKey, isKey } from '@flagstream/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AdminConnection } from '../connection/admin-connection.ts';
import { parseEndpoint } from '../connection/endpoint.ts';
import { EvaluatorConnection } from '../connection/evaluator-connection.ts';
import { HistoryConnection } from '../connection/history-connection.ts';
import type { Trust } from '../connection/trust.ts';
import { FLAG_KEY_FORM, KEY_FORM } from '../key-form.ts';
import type { OutputFormat } from '../output/json-output.ts';

const DEFAULT_SERVER = 'localhost:8010';
const DEFAULT_EVALUATOR = 'localhost:8013';

export interface ServerOptions extends Trust {
  readonly server: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

export interface ProjectOptions extends ServerOptions {
  readonly project: string;
}

export interface EnvironmentOptions extends ProjectOptions {
  readonly environment: string;
}

export interface EvaluationOptions extends Trust {
  /** Of project and environment those that nobody named. */
  readonly byDefault: readonly string[];
  readonly evaluator: string;
  readonly project: string;
  readonly environment: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

const DEFAULT_TIMEOUT_S = 10;

export const serverOption = (): Option =>
  new Option('--server <host:port>', 'control plane').env('FLAGSTREAM_SERVER').default(DEFAULT_SERVER);

export const evaluatorOption = (): Option =>
  new Option('--evaluator <host:port>', 'evaluator').env('FLAGSTREAM_EVALUATOR').default(DEFAULT_EVALUATOR);

export const projectOption = (): Option =>
  new Option('-p, --project <key>', 'project')
    .env('FLAGSTREAM_PROJECT')
    .default('default')
    .argParser(parseKey);

export const environmentOption = (): Option =>
  new Option('-e, --environment <key>', 'environment')
    .env('FLAGSTREAM_ENVIRONMENT')
    .default('development')
    .argParser(parseKey);

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'table for people, json (proto JSON) for programs')
    .choices(['table', 'json'])
    .default('table');

export const timeoutOption = (): Option =>
  new Option('--timeout <seconds>', 'longest wait for an answer')
    .default(DEFAULT_TIMEOUT_S)
    .argParser(parseSeconds);

/** --api-key-file, --tls, --ca-file, --cert-file, --key-file */
export function withTrust(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--api-key-file <path>',
        'file that holds the API key to show (without it: FLAGSTREAM_API_KEY)',
      ).env('FLAGSTREAM_API_KEY_FILE'),
    )
    .addOption(
      // Not by env(): that takes any text for yes.
      new Option(
        '--tls',
        "speak TLS, also without the files below: by the system's authorities (env: FLAGSTREAM_TLS=true)",
      ).default(/^(true|1)$/.test(process.env['FLAGSTREAM_TLS'] ?? '')),
    )
    .addOption(
      new Option('--ca-file <path>', 'PEM file of the authorities to trust').env('FLAGSTREAM_CA_FILE'),
    )
    .addOption(
      new Option('--cert-file <path>', 'PEM file of the certificate to show').env('FLAGSTREAM_CERT_FILE'),
    )
    .addOption(new Option('--key-file <path>', 'PEM file of its private key').env('FLAGSTREAM_KEY_FILE'));
}

/** --server, --timeout, -o, and TLS */
export function withServer(command: Command): Command {
  return withTrust(command).addOption(outputOption()).addOption(serverOption()).addOption(timeoutOption());
}

/** The same with -p. */
export function withProject(command: Command): Command {
  return withTrust(command)
    .addOption(projectOption())
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(timeoutOption());
}

/** The same with -e. */
export function withEnvironment(command: Command): Command {
  return withProject(command.addOption(environmentOption()));
}

/** -p, -e, --evaluator, --timeout, -o, and TLS */
export function withEvaluation(command: Command): Command {
  return withTrust(command)
    .addOption(environmentOption())
    .addOption(projectOption())
    .addOption(outputOption())
    .addOption(evaluatorOption())
    .addOption(timeoutOption())
    .hook('preAction', (_, action) => {
      const unnamed = ['project', 'environment'].filter(
        (name) => action.getOptionValueSource(name) === 'default',
      );
      action.setOptionValue('byDefault', unnamed);
    });
}

/** Runs with a connection to the control plane and closes it. */
export async function withAdmin<T>(
  options: Trust & Pick<ProjectOptions, 'server' | 'timeout'>,
  run: (admin: AdminConnection) => Promise<T>,
): Promise<T> {
  const admin = new AdminConnection(
    parseEndpoint('control plane', options.server, options),
    options.timeout * 1000,
  );
  try {
    return await run(admin);
  } finally {
    admin.close();
  }
}

/** Runs with a connection to the control plane's history and closes it. */
export async function withHistory<T>(
  options: Trust & Pick<ProjectOptions, 'server' | 'timeout'>,
  run: (history: HistoryConnection) => Promise<T>,
): Promise<T> {
  const endpoint = parseEndpoint('control plane', options.server, options);
  const history = new HistoryConnection(endpoint, options.timeout * 1000);
  try {
    return await run(history);
  } finally {
    history.close();
  }
}

/** Runs with a connection to the evaluator and closes it. */
export async function withEvaluator<T>(
  options: EvaluationOptions,
  run: (evaluator: EvaluatorConnection) => Promise<T>,
): Promise<T> {
  const endpoint = parseEndpoint('evaluator', options.evaluator, options);
  const { byDefault, project, environment, timeout } = options;
  const leftOut = endpoint.keyNamesScope ? byDefault : [];
  const scope = {
    project: leftOut.includes('project') ? undefined : project,
    environment: leftOut.includes('environment') ? undefined : environment,
  };
  const evaluator = new EvaluatorConnection(endpoint, scope, timeout * 1000);
  try {
    return await run(evaluator);
  } finally {
    evaluator.close();
  }
}

/** @throws InvalidArgumentError for what cannot be a key of a project, environment or segment */
export function parseKey(text: string): string {
  if (isKey(text)) return text;
  throw new InvalidArgumentError(KEY_FORM);
}

/** @throws InvalidArgumentError for what cannot be a flag's key */
export function parseFlagKey(text: string): string {
  if (isFlagKey(text)) return text;
  throw new InvalidArgumentError(FLAG_KEY_FORM);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0 && seconds <= 3600))
    throw new InvalidArgumentError('Give seconds, above 0 and up to 3600.');
  return seconds;
}

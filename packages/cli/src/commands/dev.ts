/**
 * `flagstream dev`: control plane and evaluator in one process, the log passed
 * on in memory; flags stay in a folder. People read stdout, logs go to stderr.
 */

import {
  createLogger,
  effectiveFormat,
  Lifecycle,
  type Logger,
  type LogLevel,
  stopOnSignals,
} from '@flagstream/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { RunningRole } from '../roles/roles.ts';
import { VERSION } from '../version.ts';
import { flagsToShow, welcomeText } from './dev-welcome.ts';
import { untilSignal } from './serve.ts';

interface DevOptions {
  readonly seed: 'none' | 'default' | 'demo';
  readonly data: string;
  readonly portBase: number;
  readonly nats?: string;
  readonly logLevel: LogLevel;
}

/** Ports of the roles, from the first one. */
const OFFSETS = { controlPlane: 0, controlPlaneManagement: 1, evaluator: 3, evaluatorManagement: 4 } as const;
const DEFAULT_PORT_BASE = 8010;
/** Two more are for clients of other protocols. */
const PORTS = 7;
const STOP_TIMEOUT_MS = 10_000;
/** Nobody waits for a laptop's clients to move elsewhere. */
const DRAIN_GRACE_MS = 2_000;
const PROJECT = 'default';
const ENVIRONMENT = 'development';

export function devCommand(session: CliSession): Command {
  return new Command('dev')
    .description('run everything in one process on this machine; no key is needed on loopback')
    .addOption(
      new Option('--seed <set>', 'flags for a new data folder: demo is a small web shop')
        .choices(['none', 'default', 'demo'])
        .default('default'),
    )
    .addOption(
      new Option('--data <dir>', 'folder that keeps the flags').env('FLAGSTREAM_DATA').default('./data'),
    )
    .addOption(
      new Option('--port-base <port>', 'first of the ports: control plane N and N+1, evaluator N+3 and N+4')
        .env('FLAGSTREAM_PORT_BASE')
        .default(DEFAULT_PORT_BASE)
        .argParser(parsePortBase),
    )
    .addOption(new Option('--nats <url>', 'also ship changes to this NATS server, for more evaluators'))
    .addOption(
      new Option('--log-level <level>', 'least severity that is logged, to stderr')
        .choices(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('warn'),
    )
    .action(session.action((options: DevOptions) => dev(session, options)));
}

async function dev(session: CliSession, options: DevOptions): Promise<never> {
  const { terminal } = session;
  const logger = createLogger({
    level: options.logLevel,
    format: effectiveFormat('pretty', terminal.stderr.isTTY === true),
    service: 'flagstream',
    version: VERSION,
    nodeId: 'dev',
    destination: { write: (line: string) => terminal.stderr.write(line) },
  });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => stop(session, lifecycle, options) });
  const { controlPlane, evaluator } = await startRoles(lifecycle, options, logger);
  const server = `localhost:${controlPlane.grpcPort}`;
  const flags = await flagsToShow(server, PROJECT);
  terminal.print(
    welcomeText({
      controlPlane,
      evaluator,
      data: options.data,
      defaultPorts: options.portBase === DEFAULT_PORT_BASE,
      flags,
      paint: (style, text) => terminal.paint(style, text),
    }),
  );
  return untilSignal();
}

async function stop({ terminal }: CliSession, lifecycle: Lifecycle, options: DevOptions): Promise<boolean> {
  terminal.note('stopping');
  const clean = await lifecycle.stop();
  terminal.note(clean ? `stopped; the flags stay in ${options.data}` : 'stopped, but not all parts in order');
  return clean;
}

async function startRoles(
  lifecycle: Lifecycle,
  options: DevOptions,
  logger: Logger,
): Promise<{ readonly controlPlane: RunningRole; readonly evaluator: RunningRole }> {
  const { controlPlaneConfigSchema, startControlPlane } = await import('@flagstream/control-plane');
  const { evaluatorConfigSchema, startEvaluator } = await import('@flagstream/evaluator');
  const port = (offset: number): number => options.portBase + offset;
  const controlPlane = await lifecycle.start(
    'control plane',
    () => {
      const config = controlPlaneConfigSchema.parse({
        data: options.data,
        seed: options.seed,
        grpcPort: port(OFFSETS.controlPlane),
        managementPort: port(OFFSETS.controlPlaneManagement),
        project: PROJECT,
        environment: ENVIRONMENT,
        drainGraceMs: DRAIN_GRACE_MS,
        ...(options.nats === undefined ? {} : { nats: { url: options.nats } }),
      });
      return startControlPlane(config, { logger: logger.child({ service: 'control-plane' }) });
    },
    (running) => running.close(),
  );
  const evaluator = await lifecycle.start(
    'evaluator',
    () => {
      const config = evaluatorConfigSchema.parse({
        grpcPort: port(OFFSETS.evaluator),
        managementPort: port(OFFSETS.evaluatorManagement),
        nodeId: 'dev',
        project: PROJECT,
        environment: ENVIRONMENT,
        drainMs: 0,
      });
      return startEvaluator(config, {
        logger: logger.child({ service: 'evaluator' }),
        source: controlPlane.logSource,
        snapshots: controlPlane.snapshots,
      });
    },
    (running) => running.close(),
  );
  return { controlPlane, evaluator };
}

function parsePortBase(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port + PORTS - 1 <= 65_535) return port;
  throw new InvalidArgumentError(`Give a port from 1 to ${65_535 - PORTS + 1}.`);
}

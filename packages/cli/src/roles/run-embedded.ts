/**
 * Control plane and evaluator in this process: the log is passed on in memory,
 * logs go to stderr.
 */
import { rm } from 'node:fs/promises';
import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import {
  createLogger,
  effectiveFormat,
  keepPausesShort,
  Lifecycle,
  type Logger,
  stopOnSignals,
  type TlsSettings,
} from '@flagstream/runtime';
import type { CliSession } from '../cli-session.ts';
import { VERSION } from '../version.ts';
import { EMBEDDED_PROJECT, type EmbeddedOptions } from './embedded.ts';
import type { RunningRole } from './roles.ts';
import { untilEnded } from './until-ended.ts';

export interface RunningEmbedded {
  readonly controlPlane: RunningRole;
  readonly evaluator: RunningRole;
}

const PORT_OFFSETS = {
  controlPlane: 0,
  controlPlaneManagement: 1,
  evaluator: 3,
  evaluatorManagement: 4,
  evaluatorSync: 5,
  ofrep: 6,
} as const;
const ENVIRONMENT = 'development';
const NODE_ID = 'dev';
const STOP_TIMEOUT_MS = 10_000;
const FLEET_SETTLE_MS = 2_000;
/** Nobody waits for a laptop's clients to move elsewhere. */
const DRAIN_GRACE_MS = 2_000;

/**
 * Starts both, runs `use`, and stops both when that is over. A signal stops
 * them too and ends the process.
 * @throws FlagstreamError PORT_IN_USE, DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, SCHEMA_TOO_NEW, and whatever `use` throws
 */
export async function runEmbedded<T>(
  session: CliSession,
  options: EmbeddedOptions,
  use: (running: RunningEmbedded) => Promise<T>,
): Promise<T> {
  keepPausesShort();
  const { stderr } = session.terminal;
  const logger = createLogger({
    level: options.logLevel,
    format: effectiveFormat('pretty', stderr.isTTY === true),
    service: 'flagstream',
    version: VERSION,
    nodeId: NODE_ID,
    destination: { write: (line: string) => stderr.write(line) },
  });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  let interrupted = false;
  session.takeOverSignals();
  const ignoreSignals = stopOnSignals({
    logger,
    stop: () => {
      interrupted = true;
      return stop(session, lifecycle, options);
    },
  });
  try {
    const running = await startBoth(lifecycle, options, logger);
    return await Promise.race([use(running), untilEnded(lifecycle, running.controlPlane)]);
  } catch (error) {
    // What is in use fails while it is stopped; the process ends with the last part.
    if (interrupted) return new Promise<never>(() => undefined);
    throw error;
  } finally {
    if (!interrupted) {
      await lifecycle.stop();
      ignoreSignals();
    }
  }
}

async function startBoth(
  lifecycle: Lifecycle,
  options: EmbeddedOptions,
  logger: Logger,
): Promise<RunningEmbedded> {
  await lifecycle.start(
    'data folder',
    () => options.data,
    (folder) => (options.temporary === true ? rm(folder, { recursive: true, force: true }) : undefined),
  );
  const controlPlane = await lifecycle.start(
    'control plane',
    () => openControlPlane(options, logger),
    (running) => running.close(),
  );
  const { flagFiles } = options;
  if (flagFiles !== undefined)
    // Before the evaluator: nobody asks for a flag that is not there yet.
    await lifecycle.start(
      'flag files',
      () => flagFiles.begin(controlPlane),
      () => flagFiles.stop(),
    );
  const evaluator = await lifecycle.start(
    'evaluator',
    () => openEvaluator(options, logger, controlPlane),
    (running) => running.close(),
  );
  await evaluator.ready();
  return { controlPlane, evaluator };
}

function openControlPlane(options: EmbeddedOptions, logger: Logger): Promise<RunningControlPlane> {
  const config = controlPlaneConfigSchema.parse({
    data: options.data,
    seed: options.seed,
    tls: tlsOf(options),
    grpcPort: portOf(options, 'controlPlane'),
    managementPort: portOf(options, 'controlPlaneManagement'),
    project: EMBEDDED_PROJECT,
    environment: ENVIRONMENT,
    drainGraceMs: DRAIN_GRACE_MS,
    ...(options.nats === undefined ? {} : { nats: { url: options.nats } }),
  });
  return startControlPlane(config, {
    logger: logger.child({ service: 'control-plane' }),
    // Its one evaluator starts with it.
    fleetSettleMs: FLEET_SETTLE_MS,
    // A terminal that is closed ends it.
    reloadsOnHangup: false,
  });
}

function openEvaluator(
  options: EmbeddedOptions,
  logger: Logger,
  { logSource, snapshots, heads, reports }: RunningControlPlane,
): Promise<RunningEvaluator> {
  const config = evaluatorConfigSchema.parse({
    tls: tlsOf(options),
    grpcPort: portOf(options, 'evaluator'),
    managementPort: portOf(options, 'evaluatorManagement'),
    syncPort: portOf(options, 'evaluatorSync'),
    ofrepPort: portOf(options, 'ofrep'),
    nodeId: NODE_ID,
    project: EMBEDDED_PROJECT,
    environment: ENVIRONMENT,
    drainMs: 0,
  });
  return startEvaluator(config, {
    logger: logger.child({ service: 'evaluator' }),
    reloadsOnHangup: false,
    source: logSource,
    snapshots,
    authority: heads,
    reports,
    servesFiles: options.flagFiles !== undefined,
  });
}

function portOf({ portBase }: EmbeddedOptions, listener: keyof typeof PORT_OFFSETS): number {
  return portBase === undefined ? 0 : portBase + PORT_OFFSETS[listener];
}

function tlsOf({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: EmbeddedOptions): TlsSettings {
  return { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile };
}

async function stop(
  { terminal }: CliSession,
  lifecycle: Lifecycle,
  { data, temporary, flagFiles }: EmbeddedOptions,
): Promise<boolean> {
  terminal.note('stopping');
  const clean = await lifecycle.stop();
  const files = flagFiles?.names.join(', ');
  const left =
    temporary === true && files === undefined
      ? 'nothing of it is left'
      : `the flags stay in ${files ?? data}`;
  terminal.note(clean ? `stopped; ${left}` : 'stopped, but not all parts in order');
  return clean;
}

/**
 * Control plane and evaluator in this process: the log is passed on in memory,
 * logs go to stderr.
 */
import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import {
  createLogger,
  effectiveFormat,
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
} as const;
const ENVIRONMENT = 'development';
const NODE_ID = 'dev';
const STOP_TIMEOUT_MS = 10_000;
const FLEET_SETTLE_MS = 2_000;
/** Nobody waits for a laptop's clients to move elsewhere. */
const DRAIN_GRACE_MS = 2_000;

/**
 * Does not resolve: a signal ends the process.
 * @throws FlagstreamError PORT_IN_USE, DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, SCHEMA_TOO_NEW
 */
export async function runEmbedded(
  session: CliSession,
  options: EmbeddedOptions,
  started: (running: RunningEmbedded) => Promise<void>,
): Promise<never> {
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
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => stop(session, lifecycle, options) });
  const controlPlane = await lifecycle.start(
    'control plane',
    () => openControlPlane(options, logger),
    (running) => running.close(),
  );
  const evaluator = await lifecycle.start(
    'evaluator',
    () => openEvaluator(options, logger, controlPlane),
    (running) => running.close(),
  );
  try {
    await evaluator.ready();
    await started({ controlPlane, evaluator });
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  return untilEnded(lifecycle, controlPlane);
}

function openControlPlane(options: EmbeddedOptions, logger: Logger): Promise<RunningControlPlane> {
  const config = controlPlaneConfigSchema.parse({
    data: options.data,
    seed: options.seed,
    tls: tlsOf(options),
    grpcPort: options.portBase + PORT_OFFSETS.controlPlane,
    managementPort: options.portBase + PORT_OFFSETS.controlPlaneManagement,
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
    grpcPort: options.portBase + PORT_OFFSETS.evaluator,
    managementPort: options.portBase + PORT_OFFSETS.evaluatorManagement,
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
  });
}

function tlsOf({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: EmbeddedOptions): TlsSettings {
  return { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile };
}

async function stop(
  { terminal }: CliSession,
  lifecycle: Lifecycle,
  { data }: EmbeddedOptions,
): Promise<boolean> {
  terminal.note('stopping');
  const clean = await lifecycle.stop();
  terminal.note(clean ? `stopped; the flags stay in ${data}` : 'stopped, but not all parts in order');
  return clean;
}

/**
 * The control plane as a whole: wires the folders in the order of the data,
 * starts them, stops them in reverse.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { headBeaconToWire, LIMITS, recordCodec } from '@flagstream/protocol';
import { HeadBeacon } from '@flagstream/protocol/gen/flagstream/v1/record';
import { formatPosition, type LogSource, type Position, type SnapshotSource } from '@flagstream/replica';
import {
  type Bus,
  connectBus,
  createLogger,
  GrpcHost,
  HealthState,
  Lifecycle,
  type Logger,
  loopbackPrincipal,
  Metrics,
  type Readiness,
  startManagement,
} from '@flagstream/runtime';
import { adminService } from './admin/admin-service.ts';
import { Audit } from './admin/audit.ts';
import { revisionWait } from './admin/bounded-read.ts';
import { Reads } from './admin/reads.ts';
import { Writes } from './admin/writes.ts';
import { CompiledSets } from './commands/compiled-sets.ts';
import { Draft } from './commands/draft.ts';
import type { ControlPlaneConfig } from './config.ts';
import { exportLogMetrics, exportShipperMetrics } from './control-plane-metrics.ts';
import { ChangeLog } from './log/change-log.ts';
import { claimDataDir } from './log/data-dir.ts';
import { History } from './log/history.ts';
import { SqliteStore } from './log/sqlite-store.ts';
import { startMaintenance } from './maintenance/start-maintenance.ts';
import { HeadBeacons } from './publish/head-beacons.ts';
import { LocalLogSource } from './publish/local-log-source.ts';
import { Shipper } from './publish/shipper.ts';
import { seed } from './seed/seed.ts';
import { logService } from './sync/log-service.ts';
import { Snapshots } from './sync/snapshot.ts';

export interface ControlPlaneDeps {
  readonly logger?: Logger;
  /** Of this release, for logs when no logger is given. */
  readonly version?: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

export interface RunningControlPlane {
  readonly grpcPort: number;
  readonly managementPort: number;
  /** The log for an evaluator in the same process. */
  readonly logSource: LogSource;
  readonly snapshots: SnapshotSource;
  head(): Position;
  close(): Promise<void>;
}

/** Time for everything beside the draining of calls to stop. */
const STOP_MARGIN_MS = 5_000;
const ORPHAN_SWEEP_MS = 600_000;
const IDENTITY_BYTES = 32;

/**
 * Resolves once the ports listen.
 * @throws FlagstreamError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, SCHEMA_TOO_NEW, LOG_CORRUPT, PORT_IN_USE.
 */
export async function startControlPlane(
  config: ControlPlaneConfig,
  deps: ControlPlaneDeps = {},
): Promise<RunningControlPlane> {
  const now = deps.now ?? Date.now;
  const logger = deps.logger ?? processLogger(config, deps.version ?? 'unreleased');
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: config.drainGraceMs + STOP_MARGIN_MS });
  const metrics = new Metrics({ process: true });
  const health = new HealthState();

  const dataDir = await lifecycle.start(
    'data folder',
    () => claimDataDir(config.data),
    (dir) => dir.release(),
  );
  const store = await lifecycle.start(
    'store',
    () => new SqliteStore(dataDir.databasePath, recordCodec),
    (opened) => opened.close(),
  );
  const { log, history, sets, writes } = await lifecycle.start(
    'log',
    () => openLog(config, store, now, logger),
    ({ stop }) => stop(),
  );
  exportLogMetrics(metrics, log, () => performance.timeOrigin + performance.now());

  const beacons = await lifecycle.start(
    'beacons',
    () =>
      new HeadBeacons({
        log,
        natsPrefix: config.nats.prefix,
        controlPlaneId: config.nodeId,
        bootId: randomUUID(),
        random: Math.random,
      }),
    (started) => started.close(),
  );
  if (config.nats.url !== undefined)
    await startShipping(config, config.nats.url, { lifecycle, log, beacons, logger, metrics, now });

  const maintenance = await startMaintenance({
    integrity: config.integrity,
    backup: config.backup,
    databasePath: dataDir.databasePath,
    log,
    shipping: undefined,
    lifecycle,
    logger,
    metrics,
    now,
  });
  const snapshots = new Snapshots(store);
  const reads = new Reads(log, history);
  const audit = new Audit(log, history, reads);
  const wait = revisionWait(log);
  const host = new GrpcHost({
    name: 'control plane',
    logger,
    metrics,
    health,
    authenticate: loopbackPrincipal({ project: config.project, environment: config.environment }),
    services: [
      adminService({ writes, reads, history, wait, log, audit }),
      logService({ log, beacons, snapshots }),
      maintenance,
    ],
    reflection: config.reflection,
    maxRequestBytes: LIMITS.adminRequestBytesMax,
  });
  const address = await lifecycle.start(
    'gRPC host',
    () => host.listen({ host: config.host, port: config.grpcPort }),
    () => host.drain(config.drainGraceMs),
  );
  const management = await lifecycle.start(
    'management port',
    () =>
      startManagement({
        name: 'control plane',
        host: config.host,
        port: config.managementPort,
        health,
        metrics,
        readiness: () => readiness(health, log),
        logger,
      }),
    (server) => server.close(),
  );
  health.setReady(true);
  logger.info(
    {
      grpc_port: address.port,
      management_port: management.port,
      head: formatPosition(log.head()),
      environments: sets.size,
    },
    'control plane listens',
  );
  return {
    grpcPort: address.port,
    managementPort: management.port,
    logSource: new LocalLogSource(log, beacons),
    snapshots,
    head: () => log.head(),
    close: async () => {
      await lifecycle.stop();
    },
  };
}

interface OpenLog {
  readonly log: ChangeLog;
  readonly history: History;
  readonly sets: CompiledSets;
  readonly writes: Writes;
  readonly stop: () => void;
}

/** The log with everything that decides about writes to it; seeded, compiled. */
function openLog(config: ControlPlaneConfig, store: SqliteStore, now: () => number, logger: Logger): OpenLog {
  const log = new ChangeLog({ store, codec: recordCodec, now });
  log.begin(randomBytes(IDENTITY_BYTES));
  const history = new History(store, recordCodec);
  const sets = new CompiledSets();
  for (const { id, problem } of sets.load(new Draft(store)))
    logger.warn({ entity: id, problem }, 'a stored entity does not compile and is left out');
  const writes = new Writes({ log, history, sets, now, randomBytes });
  if (config.seed !== 'none') seed(store, writes, config.seed, config);
  const sweep = setInterval(() => {
    if (log.writesRefused === undefined) log.removeOrphanParts();
  }, ORPHAN_SWEEP_MS);
  sweep.unref();
  return { log, history, sets, writes, stop: () => clearInterval(sweep) };
}

interface ShippingParts {
  readonly lifecycle: Lifecycle;
  readonly log: ChangeLog;
  readonly beacons: HeadBeacons;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

async function startShipping(config: ControlPlaneConfig, url: string, parts: ShippingParts): Promise<void> {
  const { lifecycle, log, beacons, logger, metrics, now } = parts;
  const { prefix, user, password, streamBytes } = config.nats;
  const bus: Bus = await lifecycle.start(
    'NATS',
    () =>
      connectBus({
        url,
        prefix,
        name: `control plane ${config.nodeId}`,
        logger,
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      }),
    (connected) => connected.close(),
  );
  const shipper = await lifecycle.start(
    'shipper',
    () => new Shipper({ log, bus, logger, streamBytesMax: streamBytes, random: Math.random }),
    (started) => started.close(),
  );
  beacons.onBeacon((beacon) => bus.publishHead(HeadBeacon.encode(headBeaconToWire(beacon)).finish()));
  exportShipperMetrics(metrics, shipper, now);
}

function readiness(health: HealthState, log: ChangeLog): Readiness {
  const reasons: string[] = [];
  if (health.draining) reasons.push('draining');
  if (log.writesRefused !== undefined) reasons.push(log.writesRefused);
  return { ready: reasons.length === 0, reasons };
}

function processLogger(config: ControlPlaneConfig, version: string): Logger {
  return createLogger({
    level: config.log.level,
    format: config.log.format,
    service: 'control-plane',
    version,
    nodeId: config.nodeId,
  });
}

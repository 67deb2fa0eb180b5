/**
 * The control plane as a whole: wires the folders in the order of the data,
 * starts them, stops them in reverse.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type FlagstreamError, fail, LIMITS } from '@flagstream/protocol';
import {
  formatPosition,
  type HeadAuthority,
  type LogSource,
  type Position,
  type SnapshotSource,
} from '@flagstream/replica';
import {
  ConnectionIdentities,
  callsNeedKeys,
  checkExposure,
  createLogger,
  exposureOf,
  GrpcHost,
  HealthState,
  KeyDoor,
  KeyUse,
  Lifecycle,
  type Logger,
  loopbackPrincipal,
  Metrics,
  openTls,
  type Readiness,
  startManagement,
} from '@flagstream/runtime';
import { adminService } from './admin/admin-service.ts';
import { Audit } from './admin/audit.ts';
import { revisionWait } from './admin/bounded-read.ts';
import { Reads } from './admin/reads.ts';
import type { ControlPlaneConfig } from './config.ts';
import { exportLogMetrics, exportWaiters } from './control-plane-metrics.ts';
import { Fleet } from './fleet/fleet.ts';
import { fleetService } from './fleet/fleet-service.ts';
import { NodeReports } from './fleet/node-reports.ts';
import { Rollouts } from './fleet/rollouts.ts';
import { historyService } from './history/history-service.ts';
import { type FirstOwnerParts, makeFirstOwner } from './keys/first-owner.ts';
import { logKeys } from './keys/log-keys.ts';
import { OwnerWatch } from './keys/owners.ts';
import type { ChangeLog } from './log/change-log.ts';
import { startMaintenance } from './maintenance/start-maintenance.ts';
import { FlagMirror } from './mirror/flag-mirror.ts';
import { LocalLogSource } from './publish/local-log-source.ts';
import { startShipping } from './publish/start-shipping.ts';
import { answerWhenShipped } from './publish/write-ack.ts';
import { startLog } from './start-log.ts';
import { logService } from './sync/log-service.ts';
import { Snapshots } from './sync/snapshot.ts';

export interface ControlPlaneDeps {
  readonly logger?: Logger;
  /** Of this release, for logs when no logger is given. */
  readonly version?: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Time in which every node will have reported. Default: that after which a silent one is lost. */
  readonly fleetSettleMs?: number;
  /** SIGHUP makes it read its certificates again; false where a hangup ends the process. Default true. */
  readonly reloadsOnHangup?: boolean;
  /** Files that secret settings came from, by key: they are read again when they change. */
  readonly secretFiles?: ReadonlyMap<string, string>;
}

export interface RunningControlPlane {
  readonly grpcPort: number;
  readonly managementPort: number;
  /** The log for an evaluator in the same process. */
  readonly logSource: LogSource;
  readonly snapshots: SnapshotSource;
  readonly heads: HeadAuthority;
  /** Where an evaluator in the same process tells of itself. */
  readonly reports: Pick<NodeReports, 'report'>;
  /** Writes what a file outside the log says, in the project and environment of callers who name none. */
  readonly mirror: FlagMirror;
  head(): Position;
  /** Reads that wait for a revision. */
  waiting(): number;
  /** Resolves when the process must end by itself, with why: SECOND_CONTROL_PLANE. */
  readonly ended: Promise<FlagstreamError>;
  close(): Promise<void>;
}

/** Time for everything beside the draining of calls to stop. */
const STOP_MARGIN_MS = 5_000;

/**
 * Resolves once the ports listen.
 * @throws FlagstreamError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, SCHEMA_TOO_NEW, LOG_CORRUPT, PORT_IN_USE,
 * SECOND_CONTROL_PLANE, CONFIG_INVALID.
 */
export async function startControlPlane(
  config: ControlPlaneConfig,
  deps: ControlPlaneDeps = {},
): Promise<RunningControlPlane> {
  if (config.writeAck === 'shipped' && config.nats.url === undefined)
    throw fail('CONFIG_INVALID', 'writeAck is "shipped", which needs nats.url');
  const now = deps.now ?? Date.now;
  const warnings = checkExposure(exposureOf(config));
  const logger = deps.logger ?? processLogger(config, deps.version ?? 'unreleased', warnings.length > 0);
  for (const warning of warnings) logger.warn({ host: config.host }, warning);
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: config.drainGraceMs + STOP_MARGIN_MS });
  const metrics = new Metrics({ process: true });
  const health = new HealthState();
  const { reloadsOnHangup, secretFiles } = deps;
  const tls = await openTls({ settings: config.tls, logger, metrics, reloadsOnHangup }, lifecycle);

  const bootId = randomUUID();
  const { dataDir, store, log, history, sets, writes, beacons, ...opened } = await startLog(
    { ...config, natsPrefix: config.nats.prefix },
    { bootId, now, logger, lifecycle },
  );
  exportLogMetrics(metrics, log, () => performance.timeOrigin + performance.now());
  const snapshots = new Snapshots(store);
  let end: (error: FlagstreamError) => void = () => undefined;
  const ended = new Promise<FlagstreamError>((resolve) => {
    end = resolve;
  });
  const { ring, stop: stopKeys } = logKeys(log);
  await lifecycle.start('keys', () => ring, stopKeys);
  const use = new KeyUse();
  const fleet = new Fleet();
  const monotonicMs = (): number => performance.now();
  const reports = new NodeReports({
    use,
    ring,
    fleet,
    head: () => log.head(),
    now,
    monotonicMs,
    natsPrefix: config.nats.prefix,
    logger,
  });
  reports.exportMetrics(metrics);
  const shipper = await startShipping({
    config,
    log,
    snapshots,
    beacons,
    bootId,
    lifecycle,
    identities: new ConnectionIdentities({ lifecycle, logger, metrics, reloadsOnHangup, secretFiles }),
    logger,
    metrics,
    now,
    onFolded: opened.compile,
    onReport: (subject, bytes) => reports.heard(subject, bytes),
    onSecondWriter: end,
  });
  opened.seed();

  const maintenance = await startMaintenance({
    integrity: config.integrity,
    backup: config.backup,
    databasePath: dataDir.databasePath,
    log,
    shipping: shipper,
    lifecycle,
    logger,
    metrics,
    now,
  });
  const needKeys = callsNeedKeys(config);
  if (needKeys) {
    makeOwner({ log, writes, dataDir: dataDir.path, now, randomBytes }, logger);
    await lifecycle.start(
      'owner watch',
      () => new OwnerWatch({ log, ring, now, logger }),
      (watch) => watch.stop(),
    );
  }
  const door = new KeyDoor({
    ring,
    now,
    use,
    ready: () => true,
    anonymous: needKeys ? undefined : loopbackPrincipal(config),
    defaults: config,
    scope: 'request',
  });
  const reads = new Reads(log, history);
  const audit = new Audit(log, history, reads);
  const wait = revisionWait(log);
  exportWaiters(metrics, wait);
  const admin = adminService({ writes, reads, history, wait, log, audit, use, now, randomBytes });
  let { managementPort } = config;
  const host = new GrpcHost({
    name: 'control plane',
    elsewhere: () => `health and metrics on ${managementPort}`,
    logger,
    metrics,
    health,
    authenticate: door.authenticate,
    standing: door,
    services: [
      shipper !== undefined && config.writeAck === 'shipped'
        ? answerWhenShipped(admin, shipper, store)
        : admin,
      historyService({ log, history, wait, now }),
      logService({ log, beacons, snapshots }),
      fleetService({
        reports,
        fleet,
        rollouts: new Rollouts({
          fleet,
          log,
          history,
          reads,
          monotonicMs,
          settledMs: monotonicMs() + (deps.fleetSettleMs ?? LIMITS.nodeLostMs),
        }),
        log,
        monotonicMs,
      }),
      maintenance,
    ],
    reflection: config.reflection,
    corsOrigins: config.corsOrigins,
    maxRequestBytes: LIMITS.adminRequestBytesMax,
    maxRequestMessages: LIMITS.adminRequestMessagesMax,
    peerSilenceMs: LIMITS.heartbeatsMissedMax * LIMITS.beaconMs,
    tls,
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
        tls,
        warnings,
      }),
    (server) => server.close(),
  );
  managementPort = management.port;
  health.setReady(true);
  logger.info(
    {
      grpc_port: address.port,
      management_port: management.port,
      tls: tls !== undefined,
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
    heads: beacons,
    reports,
    mirror: new FlagMirror({ store, writes, scope: config }),
    head: () => log.head(),
    waiting: () => wait.waiting,
    ended,
    close: async () => {
      await lifecycle.stop();
    },
  };
}

/** Reads go on without one: a full disk, for example, keeps nobody's flags from being served. */
function makeOwner(parts: FirstOwnerParts, logger: Logger): void {
  try {
    const file = makeFirstOwner(parts);
    if (file !== undefined)
      logger.warn({ file }, "the first owner's key is in this file: move it to a safe place");
  } catch (err) {
    logger.error({ err }, 'no key of an owner could be made: the next start tries again');
  }
}

function readiness(health: HealthState, log: ChangeLog): Readiness {
  const reasons: string[] = [];
  if (health.draining) reasons.push('draining');
  if (log.writesStopped !== undefined) reasons.push(log.writesStopped);
  return { ready: reasons.length === 0, reasons };
}

function processLogger(config: ControlPlaneConfig, version: string, insecure: boolean): Logger {
  return createLogger({
    level: config.log.level,
    format: config.log.format,
    service: 'control-plane',
    version,
    nodeId: config.nodeId,
    insecure,
  });
}

/**
 * Puts an evaluator together and starts it: sources, follower, state, streams,
 * services, ports. It starts whether or not its sources answer, and goes on
 * trying; until a first state was loaded, readiness and health say no.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import type { LogState, Position } from '@flagstream/replica';
import {
  type Authenticate,
  ConnectionIdentities,
  checkExposure,
  createLogger,
  exposureOf,
  GrpcHost,
  HealthState,
  KeyDoor,
  KeyUse,
  Lifecycle,
  type Logger,
  Metrics,
  openTls,
  type QuotaLimits,
  type Readiness,
  RevisionWait,
  startManagement,
} from '@flagstream/runtime';
import { StreamAdmission } from './admission/stream-admission.ts';
import { anonymousDoor, boundOrKeyed, keylessNotice } from './anonymous-door.ts';
import { openCache } from './cache/open-cache.ts';
import { type EvaluatorConfig, syncPortOf } from './evaluator-config.ts';
import { exportMetrics, exportReports } from './evaluator-metrics.ts';
import { ChangeFanout } from './fanout/change-fanout.ts';
import { FullTransferGate } from './fanout/full-transfer-gate.ts';
import { type DrainWindow, StreamRegistry } from './fanout/stream-registry.ts';
import { TickWheel } from './fanout/tick-wheel.ts';
import { TransferCache } from './fanout/transfer-cache.ts';
import { flagdEvaluationServices } from './flagd/evaluation-services.ts';
import { EventNotices } from './flagd/event-notices.ts';
import { LastStreams } from './flagd/last-streams.ts';
import { FlagdResolver } from './flagd/resolver.ts';
import { Subscribers } from './flagd-sync/subscribers.ts';
import { SyncDocuments } from './flagd-sync/sync-documents.ts';
import { flagSyncService } from './flagd-sync/sync-service.ts';
import { type FollowListener, LogFollower } from './follow/log-follower.ts';
import { type GivenSources, openSources } from './follow/open-sources.ts';
import { startOfrep } from './ofrep/start-ofrep.ts';
import { DeliveryLedger } from './report/delivery-ledger.ts';
import { NodeReporter } from './report/node-reporter.ts';
import { BoundedAnswers } from './serve/bounded-answers.ts';
import { Evaluator } from './serve/evaluate.ts';
import { EvaluationCounts } from './serve/evaluation-counts.ts';
import { evaluationService } from './serve/evaluation-service.ts';
import { readinessOf } from './serve/readiness.ts';
import { ReadySignal } from './serve/ready-signal.ts';
import { Serving } from './serve/serving.ts';
import { SharedTurns } from './serve/shared-turns.ts';
import { streamService } from './serve/stream-service.ts';
import { EvaluatorState, type StateListener } from './state/evaluator-state.ts';
import { LaterCompile } from './state/later-compile.ts';
import { quarantineLog } from './state/quarantine-log.ts';

export interface EvaluatorDeps extends GivenSources {
  readonly logger?: Logger;
  /** Unix ms: the time that flags' schedules count by. */
  readonly now?: () => number;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly authenticate?: Authenticate;
  /** Of each API key. Default: that of limits.ts. */
  readonly quota?: QuotaLimits | undefined;
  /** SIGHUP makes it read its certificates again; false where a hangup ends the process. Default true. */
  readonly reloadsOnHangup?: boolean;
  /** Others are behind its ports for callers: it joins them with its first state, and leaves as soon as it stops. */
  readonly sharesPort?: boolean | undefined;
  /** Flags come from flagd's files. */
  readonly servesFiles?: boolean;
  /** Files that secret settings came from, by key: they are read again when they change. */
  readonly secretFiles?: ReadonlyMap<string, string>;
}

export interface RunningEvaluator {
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly ofrepPort: number;
  /** Of flagd.sync.v1. */
  readonly syncPort: number;
  /** The revision that answers stand for. */
  applied(): Position;
  readiness(): Readiness;
  /** Calls that wait for a revision. */
  waiting(): number;
  /** Resolves when a first whole state was loaded. */
  ready(): Promise<void>;
  /** Asks clients to move, then stops. Safe to call again. */
  close(): Promise<void>;
}

const VERSION = '0.1.0';
/** Running unary calls may finish within this time after the clients had theirs to move. */
const STOP_GRACE_MS = 2_000;
/** Everything beyond the grace that stopping may take before it is called stuck. */
const STOP_MARGIN_MS = 5_000;

/** @throws FlagstreamError CONFIG_INVALID without any source, PORT_IN_USE */
export async function startEvaluator(
  config: EvaluatorConfig,
  deps: EvaluatorDeps = {},
): Promise<RunningEvaluator> {
  const nodeId = config.nodeId ?? `${hostname()}-${randomBytes(3).toString('hex')}`;
  const {
    log: { level, format },
    drainMs,
  } = config;
  const warnings = checkExposure(exposureOf({ ...config, requireKeys: boundOrKeyed(config) }));
  const logger =
    deps.logger ??
    createLogger({
      level,
      format,
      service: 'evaluator',
      version: VERSION,
      nodeId,
      insecure: warnings.length > 0,
    });
  for (const warning of warnings) logger.warn({ host: config.host }, warning);
  const keyless = keylessNotice(config);
  if (keyless !== undefined) logger.warn({ host: config.host }, keyless);
  const now = deps.now ?? Date.now;
  const monotonicMs = deps.monotonicMs ?? (() => performance.now());
  const random = deps.random ?? Math.random;
  const stopTimeoutMs = drainMs + STOP_GRACE_MS + STOP_MARGIN_MS;
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs });
  const metrics = new Metrics({ process: true });
  const { reloadsOnHangup, secretFiles } = deps;
  const sources = await openSources(config, deps, {
    nodeId,
    lifecycle,
    identities: new ConnectionIdentities({ lifecycle, logger, metrics, reloadsOnHangup, secretFiles }),
    logger,
    monotonicMs,
    random,
  });

  const tls = await openTls({ settings: config.tls, logger, metrics, reloadsOnHangup }, lifecycle);
  // Each port tells of the services behind it.
  const [health, syncHealth] = [new HealthState(), new HealthState()];
  const counts = new EvaluationCounts();
  const fanout = new ChangeFanout(logger, { total: () => counts.total(), monotonicMs });
  const wheel = new TickWheel(monotonicMs, logger);
  const [streams, watchers, pipelines] = [new StreamRegistry(), new StreamRegistry(), new StreamRegistry()];
  const [eventStreams, ofrepStreams, syncStreams] = [
    new StreamRegistry(),
    new StreamRegistry(),
    new StreamRegistry(),
  ];
  const documents = new SyncDocuments(logger);
  const gate = new FullTransferGate(monotonicMs);
  const admission = new StreamAdmission(
    {
      streamsPerSecond: config.streamsPerSecond,
      holdMs: LIMITS.streamHoldMs,
      retryAfterMsMax: LIMITS.streamRetryAfterMsMax,
    },
    { monotonicMs, random },
  );
  const delivery = new DeliveryLedger(randomUUID(), () => follower.freshness().stalenessMs);
  const subscribers = new Subscribers(delivery, logger);
  const readySignal = new ReadySignal();

  const log = (): LogState => follower.state;
  // What answers come from, which may be a moment behind the folded log.
  const wait = new RevisionWait(() => ({
    position: state.position,
    lineage: log().lineage,
    hashAt: (revision) => log().hashAt(revision),
  }));
  const cache = await openCache(config.cache.dir, {
    lifecycle,
    logger,
    release: VERSION,
    monotonicMs,
    state: log,
    held: () => state.held(),
  });
  const logQuarantine = quarantineLog(logger);
  const stateListener: StateListener = {
    changed: (environments) => {
      for (const environment of environments)
        delivery.of(environment.scope).changed(serving.changedPlace(environment), monotonicMs());
      fanout.changed(environments);
      wait.moved();
      later.wake();
    },
    quarantine: (environment, id, entry) => {
      cache?.cache.quarantineChanged();
      logQuarantine(environment, id, entry);
    },
  };
  const state = new EvaluatorState(log, stateListener, {
    held: cache?.held,
    later: (work) => (cache === undefined ? work() : cache.cache.compiling(work)),
  });
  const later = new LaterCompile({ state, monotonicMs, compiled: () => cache?.cache.loaded() });
  const listener: FollowListener = {
    moved: (records) => state.moved(records),
    replaced: () => state.replaced(),
    heard: () => {
      if (serving.becameReady()) {
        const { epoch, revision } = state.position;
        logger.info({ epoch, revision }, 'ready');
        readySignal.resolve();
      }
      const { ready } = readiness();
      for (const each of [health, syncHealth]) each.setReady(ready);
    },
  };
  const { source, snapshots, authority } = sources;
  const follower = new LogFollower({
    codec: recordCodec,
    source,
    snapshots,
    authority,
    monotonicMs,
    random,
    logger,
    listener,
    cache,
  });
  const serving = new Serving(follower, state, sources.liveState, now, deps.servesFiles);
  const readiness = (): Readiness => readinessOf(serving, follower, config.readyStalenessMs);
  const transfers = new TransferCache(log);
  exportMetrics(metrics, {
    follower,
    state,
    serving,
    wait,
    counts,
    streams,
    watchers,
    pipelines,
    eventStreams,
    ofrepStreams,
    syncStreams,
    documents,
    subscribers,
    transfers,
    gate,
    admission,
    cache: cache?.cache,
  });

  const use = new KeyUse();
  const door = new KeyDoor({
    ring: state.keys,
    now,
    use,
    ready: () => serving.ready,
    anonymous: anonymousDoor(config),
    defaults: config,
    scope: 'metadata',
  });
  const { heartbeatMs } = config;
  const fanning = { serving, fanout, wheel, admission, heartbeatMs, monotonicMs };
  const answers = new BoundedAnswers(serving, wait, later);
  const turns = new SharedTurns(() => performance.now());
  const answering = { serving, answers, counts, turns };
  const evaluator = new Evaluator({ ...answering, monotonicMs });
  const resolver = new FlagdResolver(answering);
  const events = { notices: new EventNotices(), lastStreams: new LastStreams(monotonicMs), eventStreams };
  const authenticate = deps.authenticate ?? door.authenticate;
  const behindDoor = {
    logger,
    metrics,
    authenticate,
    standing: door,
    ...(deps.quota === undefined ? {} : { quota: deps.quota }),
    health,
    reflection: config.reflection,
    corsOrigins: config.corsOrigins,
    maxRequestBytes: LIMITS.evaluationRequestBytesMax,
    monotonicMs,
    random,
    tls,
    sharesPort: deps.sharesPort,
    // Both listen before these do.
    elsewhere: () => `health and metrics on ${management.port}, OFREP on ${ofrep.port}`,
  };
  const host = new GrpcHost({
    ...behindDoor,
    name: 'evaluator',
    services: [
      evaluationService({ ...fanning, evaluator, answers, counts, watchers, pipelines }),
      streamService({ ...fanning, transfers, gate, streams, delivery, nodeId, random }),
      ...flagdEvaluationServices(resolver, { ...fanning, ...events, answers }),
    ],
    refusesLateCalls: true,
  });
  const syncing = { documents, subscribers, syncStreams, splits: config.syncSplits };
  const syncHost = new GrpcHost({
    ...behindDoor,
    name: 'flagd.sync',
    health: syncHealth,
    services: [flagSyncService({ ...fanning, ...syncing, answers })],
  });
  syncHost.onDrain(() => {
    const window = drainWindow(drainMs, admission.spreadMs(syncStreams.size));
    return syncStreams.drain(window, window.reconnectMaxMs);
  });
  // Their clients connect again as soon as their streams end.
  const unconfirmed = [watchers, pipelines, eventStreams, ofrepStreams];
  host.onDrain(async () => {
    const open = unconfirmed.reduce((sum, { size }) => sum + size, streams.size);
    const window = drainWindow(drainMs, admission.spreadMs(open));
    await Promise.all([
      streams.drain(window),
      ...unconfirmed.map((each) => each.drain(window, window.reconnectMaxMs)),
    ]);
  });

  await lifecycle.start(
    'follower',
    () => follower.start(),
    () => follower.close(),
  );
  wheel.add(gate);
  await lifecycle.start(
    'ticks',
    () => wheel.start(),
    () => {
      admission.close();
      wheel.close();
    },
  );
  const { reports } = sources;
  if (reports !== undefined) {
    const reporter = new NodeReporter({
      nodeId,
      version: VERSION,
      use,
      delivery,
      serving,
      sink: reports,
      startedMs: now(),
      logger,
      monotonicMs,
    });
    exportReports(metrics, reporter);
    await lifecycle.start(
      'reports',
      () => reporter.start(),
      () => reporter.close(),
    );
  }
  const management = await lifecycle.start(
    'management port',
    () =>
      startManagement({
        name: 'evaluator',
        host: config.host,
        port: config.managementPort,
        health,
        metrics,
        readiness,
        logger,
        tls,
        warnings,
      }),
    (server) => server.close(),
  );
  const sharesPort = deps.sharesPort === true;
  const mayListen = sharesPort ? readySignal.promise : Promise.resolve();
  const ofrep = await startOfrep(config, lifecycle, {
    ...fanning,
    answers,
    resolver,
    ofrepStreams,
    authenticate,
    standing: door,
    passes: door,
    host,
    health,
    metrics,
    logger,
    tls,
    sharesPort,
    mayListen,
  });
  const address = await lifecycle.start(
    'gRPC port',
    async () => {
      await mayListen;
      return host.listen({ host: config.host, port: config.grpcPort });
    },
    () => host.drain(drainMs + STOP_GRACE_MS),
  );
  const syncAddress = await lifecycle.start(
    'flagd.sync port',
    () => syncHost.listen({ host: config.host, port: syncPortOf(config) }),
    // Both ports' clients move in the same time.
    () =>
      Promise.all([syncHost, host].map((each) => each.drain(drainMs + STOP_GRACE_MS))).then(() => undefined),
  );
  // First calls come first.
  await lifecycle.start(
    'compiling',
    () => later.start(),
    () => later.close(),
  );
  logger.info(
    {
      host: address.host,
      port: address.port,
      management_port: management.port,
      ofrep_port: ofrep.port,
      sync_port: syncAddress.port,
      tls: tls !== undefined,
    },
    'the evaluator listens',
  );

  return {
    grpcPort: address.port,
    managementPort: management.port,
    ofrepPort: ofrep.port,
    syncPort: syncAddress.port,
    applied: () => state.position,
    readiness,
    waiting: () => wait.waiting,
    ready: () => readySignal.promise,
    close: async () => {
      await lifecycle.stop();
    },
  };
}

/**
 * What clients get to move: several times what other nodes need to take them all, as these may be busy, and not longer
 * than they may have. It is over as soon as all have moved; few that cannot move do not hold a stop for long.
 */
function drainWindow(drainMs: number, spreadMs: number): DrainWindow {
  const deadlineMs = Math.min(drainMs, 5 * spreadMs + LIMITS.drainMarginMs);
  return { deadlineMs, reconnectMaxMs: Math.min(spreadMs, Math.floor(deadlineMs / 2)) };
}

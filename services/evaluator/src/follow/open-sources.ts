/**
 * Chooses where the log, its snapshots and its head come from, and where this
 * node's reports go: given in process, or the control plane and NATS. Records
 * come from NATS, and from the control plane while NATS is unwell; snapshots
 * and heads from the control plane, and from NATS while that is away, and
 * reports go the same way: over gRPC they are answered.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import { FleetServiceClient } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type {
  HeadAuthority,
  LogSource,
  SnapshotSource,
  SourceChoiceSettings,
  SourceState,
} from '@flagstream/replica';
import {
  type Bus,
  bearerCalls,
  type ConnectionIdentities,
  channelCredentials,
  connectBus,
  JetStreamSource,
  type Lifecycle,
  type Logger,
  NatsHeadAuthority,
  NatsSnapshots,
  natsIdentity,
  readConnectionTls,
} from '@flagstream/runtime';
import type { EvaluatorConfig } from '../evaluator-config.ts';
import { ControlPlaneReports, FirstReports, NatsReports, type ReportSink } from '../report/report-sinks.ts';
import { ControlPlaneHead } from './control-plane-head.ts';
import { controlPlaneKey } from './control-plane-key.ts';
import { ControlPlaneSnapshots } from './control-plane-snapshots.ts';
import { FailoverSource } from './failover-source.ts';
import { FirstHead, FirstSnapshot } from './first-answer.ts';
import { WatchLogSource } from './watch-log-source.ts';

export interface Sources {
  readonly source: LogSource;
  readonly snapshots: FirstSnapshot;
  readonly authority: HeadAuthority;
  /** What the source's answers are called while it delivers. */
  readonly liveState: () => SourceState;
  /** Undefined: nobody wants to know. */
  readonly reports: ReportSink | undefined;
}

export interface GivenSources {
  /** The log in process; replaces NATS and the control plane. */
  readonly source?: LogSource;
  readonly snapshots?: SnapshotSource;
  readonly authority?: HeadAuthority;
  readonly reports?: ReportSink;
  /** When the control plane stands in for NATS. */
  readonly failover?: SourceChoiceSettings;
}

export interface SourceParts {
  readonly nodeId: string;
  readonly lifecycle: Lifecycle;
  readonly identities: ConnectionIdentities;
  readonly logger: Logger;
  readonly monotonicMs: () => number;
  readonly random: () => number;
}

/** A connection that drops packets is noticed when a ping stays without an answer: 2.5 heads in all. */
const PING_EVERY_MS = LIMITS.beaconMs;
const PING_TIMEOUT_MS = (LIMITS.heartbeatsMissedMax - 1) * LIMITS.beaconMs;

/** gRPC clients take messages of 4 MiB by default; ours stay far below. */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': PING_EVERY_MS,
  'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
} as const;

/** @throws FlagstreamError CONFIG_INVALID when there is no source at all */
export async function openSources(
  config: EvaluatorConfig,
  given: GivenSources,
  parts: SourceParts,
): Promise<Sources> {
  if (given.source !== undefined) return sourcesInProcess(given.source, given, parts);
  const client = await openControlPlane(config, parts);
  const bus = await openBus(config, parts);
  const places = given.snapshots === undefined ? snapshotSources(client?.log, bus) : [given.snapshots];
  const snapshots = new FirstSnapshot(places, parts.logger);
  const authority = given.authority ?? new FirstHead(authorities(client?.log, bus));
  const reports = given.reports ?? new FirstReports(reportSinks(client, bus));
  return { ...logSource(client?.log, bus, given, parts), snapshots, authority, reports };
}

function sourcesInProcess(
  source: LogSource,
  { snapshots, authority, reports }: GivenSources,
  { logger }: SourceParts,
): Sources {
  return {
    source,
    snapshots: new FirstSnapshot(snapshots === undefined ? [] : [snapshots], logger),
    authority: authority ?? new FirstHead([]),
    liveState: () => 'live',
    reports,
  };
}

function logSource(
  client: LogServiceClient | undefined,
  bus: Bus | undefined,
  { failover }: GivenSources,
  { logger, monotonicMs, random }: SourceParts,
): Pick<Sources, 'source' | 'liveState'> {
  const watchLog = client === undefined ? undefined : new WatchLogSource(client, random);
  if (bus === undefined) {
    if (watchLog !== undefined) return { source: watchLog, liveState: () => 'fallback' };
    throw fail(
      'CONFIG_INVALID',
      'the evaluator has no log to follow: set nats.url (--nats-url, FLAGSTREAM_NATS_URL) or controlPlane.address (--control-plane-address, FLAGSTREAM_CONTROL_PLANE_ADDRESS)',
    );
  }
  const jetStream = new JetStreamSource(bus, logger);
  if (watchLog === undefined) return { source: jetStream, liveState: () => 'live' };
  const source = new FailoverSource({
    primary: jetStream,
    secondary: watchLog,
    monotonicMs,
    logger,
    ...(failover === undefined ? {} : { settings: failover }),
  });
  return { source, liveState: () => (source.active === 'primary' ? 'live' : 'fallback') };
}

function snapshotSources(client: LogServiceClient | undefined, bus: Bus | undefined): SnapshotSource[] {
  const sources: SnapshotSource[] = [];
  if (client !== undefined) sources.push(new ControlPlaneSnapshots(client));
  if (bus !== undefined) sources.push(new NatsSnapshots(bus));
  return sources;
}

function authorities(client: LogServiceClient | undefined, bus: Bus | undefined): HeadAuthority[] {
  const known: HeadAuthority[] = [];
  if (client !== undefined) known.push(new ControlPlaneHead(client));
  if (bus !== undefined) known.push(new NatsHeadAuthority(bus));
  return known;
}

function reportSinks(client: ControlPlaneClient | undefined, bus: Bus | undefined): ReportSink[] {
  const sinks: ReportSink[] = [];
  if (client !== undefined) sinks.push(new ControlPlaneReports(client.fleet));
  if (bus !== undefined) sinks.push(new NatsReports(bus));
  return sinks;
}

/** Two services over one connection. */
interface ControlPlaneClient {
  readonly log: LogServiceClient;
  readonly fleet: FleetServiceClient;
}

async function openControlPlane(
  { controlPlane }: EvaluatorConfig,
  { lifecycle, identities }: SourceParts,
): Promise<ControlPlaneClient | undefined> {
  const { address } = controlPlane;
  if (address === undefined) return undefined;
  const identity = await identities.open('control_plane', (files) => ({
    tls: readConnectionTls('controlPlane.tls', controlPlane.tls, files.read),
    key: controlPlaneKey(controlPlane.key, files),
  }));
  return lifecycle.start(
    'control plane client',
    () => {
      const channel = channelCredentials(identity);
      const calls = bearerCalls(() => identity.value.key);
      const log = new LogServiceClient(address, channel, { ...CHANNEL_OPTIONS, ...calls });
      const shared = { channelOverride: log.getChannel(), ...calls };
      return { log, fleet: new FleetServiceClient(address, channel, shared) };
    },
    ({ log }) => log.close(),
  );
}

async function openBus(
  config: EvaluatorConfig,
  { nodeId, lifecycle, identities, logger }: SourceParts,
): Promise<Bus | undefined> {
  const { url, prefix, inboxPrefix = '_INBOX_ev' } = config.nats;
  if (url === undefined) return undefined;
  const identity = await natsIdentity(identities, config.nats);
  return lifecycle.start(
    'bus',
    () =>
      connectBus({
        credentials: () => identity.forConnection(),
        url,
        prefix,
        inboxPrefix,
        name: `evaluator ${nodeId}`,
        logger,
      }),
    (bus) => bus.close(),
  );
}

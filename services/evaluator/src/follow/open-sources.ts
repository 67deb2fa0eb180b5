/**
 * Chooses where the log comes from: given in process, NATS, or the control
 * plane. With NATS and a control plane, records come from NATS and snapshots
 * from the control plane.
 */
import { fail } from '@flagstream/protocol';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { HeadAuthority, LogSource, SnapshotSource, SourceState } from '@flagstream/replica';
import { type Bus, connectBus, JetStreamSource, type Lifecycle, type Logger } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import type { EvaluatorConfig } from '../evaluator-config.ts';
import { ControlPlaneSnapshots } from './control-plane-snapshots.ts';
import { WatchLogSource } from './watch-log-source.ts';

export interface Sources {
  readonly source: LogSource;
  readonly snapshots: SnapshotSource;
  /** What the source's answers are called while it delivers. */
  readonly liveState: () => SourceState;
  readonly authority: HeadAuthority;
}

export interface GivenSources {
  readonly source?: LogSource;
  readonly snapshots?: SnapshotSource;
  readonly authority?: HeadAuthority;
}

export interface SourceParts {
  readonly nodeId: string;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly random: () => number;
}

/** A disk copy of the newest snapshot fits here: one more SnapshotSource in front of these. */
const NO_SNAPSHOTS: SnapshotSource = {
  fetch: () =>
    Promise.reject(
      fail('UNREACHABLE', 'no snapshot can be fetched: set controlPlane.address (--control-plane-address)'),
    ),
};

const NO_AUTHORITY: HeadAuthority = {
  askHead: () => Promise.reject(fail('UNREACHABLE', 'nobody can be asked for the head of the log')),
};

/** gRPC clients take 4 MiB by default; chunks stay far below. */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
} as const;

/** @throws FlagstreamError CONFIG_INVALID when there is no source at all */
export async function openSources(
  config: EvaluatorConfig,
  given: GivenSources,
  { nodeId, lifecycle, logger, random }: SourceParts,
): Promise<Sources> {
  const client = await openControlPlane(config, lifecycle);
  const snapshots =
    given.snapshots ?? (client === undefined ? NO_SNAPSHOTS : new ControlPlaneSnapshots(client));
  const authority = given.authority ?? NO_AUTHORITY;
  if (given.source !== undefined)
    return { source: given.source, snapshots, authority, liveState: () => 'live' };
  const bus = await openBus(config, nodeId, lifecycle, logger);
  if (bus !== undefined) return { source: new JetStreamSource(bus, logger), snapshots, authority, liveState: () => 'live' };
  if (client !== undefined)
    return { source: new WatchLogSource(client, random), snapshots, authority, liveState: () => 'fallback' };
  throw fail(
    'CONFIG_INVALID',
    'the evaluator has no log to follow: set nats.url (--nats-url, FLAGSTREAM_NATS_URL) or controlPlane.address (--control-plane-address, FLAGSTREAM_CONTROL_PLANE_ADDRESS)',
  );
}

async function openControlPlane(
  config: EvaluatorConfig,
  lifecycle: Lifecycle,
): Promise<LogServiceClient | undefined> {
  const { address } = config.controlPlane;
  if (address === undefined) return undefined;
  return lifecycle.start(
    'control plane client',
    () => new LogServiceClient(address, credentials.createInsecure(), CHANNEL_OPTIONS),
    (client) => client.close(),
  );
}

async function openBus(
  config: EvaluatorConfig,
  nodeId: string,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<Bus | undefined> {
  const { url, prefix, user, password } = config.nats;
  if (url === undefined) return undefined;
  return lifecycle.start(
    'bus',
    () =>
      connectBus({
        url,
        prefix,
        name: `evaluator ${nodeId}`,
        logger,
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      }),
    (bus) => bus.close(),
  );
}

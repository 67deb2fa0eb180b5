/** Everything between the log and NATS of one control plane, started and stopped with it. */
import { encodeHeadBeacon, type FlagstreamError } from '@flagstream/protocol';
import { formatPosition, nextEpoch } from '@flagstream/replica';
import {
  type Bus,
  type ConnectionIdentities,
  connectBus,
  type Lifecycle,
  type Logger,
  type Metrics,
  natsIdentity,
} from '@flagstream/runtime';
import type { ControlPlaneConfig } from '../config.ts';
import { exportShipperMetrics } from '../control-plane-metrics.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { Snapshots } from '../sync/snapshot.ts';
import type { HeadBeacons } from './head-beacons.ts';
import { SecondWriterWatch } from './second-writer-watch.ts';
import { Shipper } from './shipper.ts';

export interface ShippingOptions {
  readonly config: ControlPlaneConfig;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
  readonly beacons: HeadBeacons;
  /** Made at start, not stored. */
  readonly bootId: string;
  readonly lifecycle: Lifecycle;
  readonly identities: ConnectionIdentities;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** See ShipperOptions. */
  readonly onFolded: () => void;
  /** What a node tells over NATS, on its own subject. */
  readonly onReport: (subject: string, bytes: Uint8Array) => void;
  /** This process must end: SECOND_CONTROL_PLANE. */
  readonly onSecondWriter: (error: FlagstreamError) => void;
}

/**
 * Resolves once the log was compared with its stream, or NATS was waited for
 * long enough; with undefined where no NATS is configured.
 * @throws FlagstreamError SECOND_CONTROL_PLANE
 */
export async function startShipping(options: ShippingOptions): Promise<Shipper | undefined> {
  const { config, log, beacons, lifecycle, logger, metrics, now } = options;
  const { url } = config.nats;
  if (url === undefined) {
    goOnWithoutStream(log, config.withoutStream, logger);
    return undefined;
  }
  const identity = await natsIdentity(options.identities, config.nats);
  const { nodeId } = config;
  const { prefix, inboxPrefix = '_INBOX_cp' } = config.nats;
  const bus = await lifecycle.start(
    'NATS',
    () =>
      connectBus({
        credentials: () => identity.forConnection(),
        url,
        prefix,
        inboxPrefix,
        name: `control plane ${nodeId}`,
        logger,
      }),
    (connected) => connected.close(),
  );
  const monotonicNow = (): number => performance.now();
  const watch = await lifecycle.start(
    'watch for other control planes',
    () =>
      new SecondWriterWatch({
        bus,
        bootId: options.bootId,
        logger,
        monotonicNow,
        refuse: (error) => {
          log.refuseWrites(error.message, error.reason);
          options.onSecondWriter(error);
        },
      }),
    (started) => started.close(),
  );
  const shipper = await lifecycle.start(
    'shipper',
    async () => {
      await watch.ask();
      return new Shipper({
        ...options,
        bus,
        streamBytesMax: config.nats.streamBytes,
        withoutStream: config.withoutStream,
        random: Math.random,
        monotonicNow,
        onAnnounced: () => beacons.tell(),
      });
    },
    (started) => started.close(),
  );
  exportShipperMetrics(metrics, { shipper, watch, now });
  await lifecycle.start(
    'heads over NATS',
    () => tellHeads(bus, beacons, log, shipper),
    (stop) => stop(),
  );
  await lifecycle.start(
    'reports over NATS',
    () => bus.onReport(options.onReport),
    (stop) => stop(),
  );
  await shipper.settled();
  return shipper;
}

/** Beacons, and answers to who asks; neither while they could mislead. Returns how to stop. */
function tellHeads(bus: Bus, beacons: HeadBeacons, log: ChangeLog, shipper: Shipper): () => void {
  const stops = [
    beacons.onBeacon((beacon) => {
      if (shipper.announced) bus.publishHead(encodeHeadBeacon(beacon));
    }),
    bus.answerHeads(() =>
      shipper.announced && log.writesStopped === undefined ? encodeHeadBeacon(beacons.current()) : undefined,
    ),
  ];
  beacons.tell();
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * A restored file begins an epoch before anything is written to it, shipped or not: clients, and evaluators that
 * follow the control plane, may have seen revisions after the backup. What was shipped may lie in NATS still, so
 * that a person decides first.
 */
function goOnWithoutStream(log: ChangeLog, withoutStream: boolean, logger: Logger): void {
  const { store } = log;
  if (!store.restoredMark()) return;
  const shipped = store.shippedEpoch() > 0;
  if (shipped && !withoutStream) {
    const detail =
      'this file was restored from a backup of a log that was shipped to NATS: name the server (nats.url), or ' +
      'start it once by serve --role control-plane --without-stream, to go on without what only NATS may hold';
    log.setGate({ kind: 'held', detail });
    logger.warn({ detail }, 'writes are held; reads go on');
    return;
  }
  const reason = shipped ? 'restored, and started without the stream' : 'restored from a backup';
  const newest = Math.max(log.head().epoch, store.restoredOver());
  const begun = log.beginEpoch(nextEpoch(newest, true), reason);
  logger.warn({ position: formatPosition(begun), reason }, 'a new epoch was begun');
}

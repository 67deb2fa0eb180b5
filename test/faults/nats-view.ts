// NATS as it is, seen past the proxies: what the streams of the log hold, and what a stranger does to them.

import { logStreamName } from '@flagstream/protocol';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { HeadBeacon } from '@flagstream/protocol/gen/flagstream/v1/record';
import { bytesEqual } from '@flagstream/replica';
import { type Bus, connectBus } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { connect, type StreamAPI } from 'nats';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import type { FaultSite } from './fault-site.ts';
import { readRecords } from './read-log.ts';

const SHIPPED_TIMEOUT_MS = 60_000;
/** Records asked for at a time. */
const COMPARED_AT_ONCE = 50;

/** A connection of the test's own. Ends with the test file. */
export async function openBus(site: FaultSite): Promise<Bus> {
  const { url, prefix } = site.nats;
  const bus = await connectBus({ url, prefix, name: 'fault test', logger: unreadLogger });
  hold({ what: 'bus of a fault test', release: () => bus.close(), releaseNow: () => undefined });
  return bus;
}

/**
 * Waits until the newest epoch's stream ends where the log ends, and compares the two record by record: everything is
 * shipped, once, at its place. Only while nobody writes.
 * @param controlPlanePort of another control plane than the site's
 */
export async function everythingShipped(
  site: FaultSite,
  controlPlanePort: number = site.controlPlane.grpcPort,
): Promise<void> {
  const bus = await openBus(site);
  try {
    const head = await streamEnds(bus, controlPlanePort, (lastSeq, wanted) => lastSeq === wanted);
    await sameRecords(bus, controlPlanePort, head);
  } finally {
    await bus.close();
  }
}

/** Waits until the stream holds what was newest when it was asked. Answers the beacon of that moment. */
export async function shippedSoFar(site: FaultSite): Promise<HeadBeacon> {
  const bus = await openBus(site);
  try {
    return await streamEnds(bus, site.controlPlane.grpcPort, (lastSeq, wanted) => lastSeq >= wanted);
  } finally {
    await bus.close();
  }
}

/** Waits until NATS has a snapshot of this epoch. */
export async function hasSnapshot(site: FaultSite, epoch: number): Promise<void> {
  const bus = await openBus(site);
  try {
    await until(async () => (await bus.fetchSnapshot())?.position.epoch === epoch, {
      what: `a snapshot of epoch ${epoch} in NATS`,
      timeoutMs: SHIPPED_TIMEOUT_MS,
    });
  } finally {
    await bus.close();
  }
}

/** Does something to NATS as its administrator could. */
export async function asAdministrator(
  site: FaultSite,
  act: (streams: StreamAPI, streamName: (epoch: number) => string) => Promise<void>,
): Promise<void> {
  const connection = await connect({ servers: site.nats.url });
  try {
    const { streams } = await connection.jetstreamManager();
    await act(streams, (epoch) => logStreamName(site.nats.prefix, epoch));
  } finally {
    await connection.close();
  }
}

async function streamEnds(
  bus: Bus,
  controlPlanePort: number,
  fits: (lastSeq: number, wanted: number) => boolean,
): Promise<HeadBeacon> {
  const client = new LogServiceClient(`127.0.0.1:${controlPlanePort}`, credentials.createInsecure());
  let seen = 'nothing';
  try {
    return await until(
      async () => {
        const { head } = await callUnary(client, client.getHead, {});
        if (head === undefined) return undefined;
        const wanted = Number(head.headRevision - head.baseRevision);
        const lastSeq = (await bus.logStreamInfo(head.epoch))?.lastSeq ?? -1;
        seen = `${lastSeq} of ${wanted} in epoch ${head.epoch}`;
        return fits(lastSeq, wanted) ? head : undefined;
      },
      { what: 'the stream to end where the log ends', timeoutMs: SHIPPED_TIMEOUT_MS },
    );
  } catch (error) {
    throw new Error(`the log is not shipped: ${seen}`, { cause: error });
  } finally {
    client.close();
  }
}

/** What the stream still holds of an epoch must be the log's own bytes, each at its place. */
async function sameRecords(
  bus: Bus,
  controlPlanePort: number,
  { epoch, headRevision, baseRevision }: HeadBeacon,
): Promise<void> {
  const head = { epoch, revision: Number(headRevision) };
  const log = (await readRecords(controlPlanePort, head)).filter(({ record }) => record.epoch === epoch);
  const firstSeq = (await bus.logStreamInfo(epoch))?.firstSeq ?? 1;
  const held = log.filter(({ record }) => record.revision - Number(baseRevision) >= firstSeq);
  for (let begin = 0; begin < held.length; begin += COMPARED_AT_ONCE)
    await Promise.all(
      held.slice(begin, begin + COMPARED_AT_ONCE).map(async ({ record, bytes }) => {
        const seq = record.revision - Number(baseRevision);
        const shipped = await bus.readRecord(epoch, seq);
        if (shipped === undefined || !bytesEqual(shipped, bytes))
          throw new Error(
            `the stream holds another record at ${seq} than the log at ${epoch}.${record.revision}`,
          );
      }),
    );
}

// NATS as it is, seen past the proxies: what the streams of the log hold, and what a stranger does to them.

import { logStreamName } from '@flagstream/protocol';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { HeadBeacon } from '@flagstream/protocol/gen/flagstream/v1/record';
import { type Bus, connectBus, createLogger } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { connect, type StreamAPI } from 'nats';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import type { FaultSite } from './fault-site.ts';

const SHIPPED_TIMEOUT_MS = 60_000;

/** A connection of the test's own. Ends with the test file. */
export async function openBus(site: FaultSite): Promise<Bus> {
  const logger = createLogger({ level: 'silent', service: 'test', version: 'test', nodeId: 'test' });
  const { url, prefix } = site.nats;
  const bus = await connectBus({ url, prefix, name: 'fault test', logger });
  hold({ what: 'bus of a fault test', release: () => bus.close(), releaseNow: () => undefined });
  return bus;
}

/**
 * Waits until the newest epoch's stream ends where the log ends: everything is shipped, once, at its place. Only
 * after the last write.
 */
export function everythingShipped(bus: Bus, controlPlanePort: number): Promise<HeadBeacon> {
  return streamEnds(bus, controlPlanePort, (lastSeq, wanted) => lastSeq === wanted);
}

/** Waits until the stream holds what was newest when it was asked. Answers the beacon of that moment. */
export function shippedSoFar(bus: Bus, controlPlanePort: number): Promise<HeadBeacon> {
  return streamEnds(bus, controlPlanePort, (lastSeq, wanted) => lastSeq >= wanted);
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

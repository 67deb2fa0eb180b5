// A control plane in this process that ships to a real nats-server, and what tests ask of it.

import {
  type ControlPlaneConfig,
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { LIMITS } from '@flagstream/protocol';
import { LogServiceClient, type WatchLogResponse } from '@flagstream/protocol/gen/flagstream/v1/log';
import { Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bytesEqual, type HeadBeacon, ORIGIN } from '@flagstream/replica';
import { type Bus, connectBus } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Admin, written } from '../support/admin.ts';
import { callUnary } from '../support/grpc-call.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { hold } from '../support/resources.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';

export type Settings = Partial<Record<keyof ControlPlaneConfig, unknown>>;

export interface Shop {
  readonly running: RunningControlPlane;
  readonly admin: Admin;
}

/** @param streamBytes size of the stream's window */
export async function startShop(
  nats: NatsServer,
  data: string,
  { streamBytes, ...more }: Settings & { readonly streamBytes?: number } = {},
): Promise<Shop> {
  const settings: Settings = {
    data,
    grpcPort: 0,
    managementPort: 0,
    drainGraceMs: 1000,
    integrity: { everyMinutes: 0 },
    nats: { url: nats.url, prefix: nats.prefix, ...(streamBytes === undefined ? {} : { streamBytes }) },
    ...more,
  };
  const running = await startControlPlane(controlPlaneConfigSchema.parse(settings), { logger: unreadLogger });
  hold({ what: `control plane on ${data}`, release: () => running.close(), releaseNow: () => undefined });
  return { running, admin: new Admin(running.grpcPort) };
}

export async function openBus(nats: NatsServer): Promise<Bus> {
  const bus = await connectBus({ url: nats.url, prefix: nats.prefix, name: 'test', logger: unreadLogger });
  hold({ what: 'bus of a test', release: () => bus.close(), releaseNow: () => undefined });
  return bus;
}

/** The log as an embedded evaluator hears it, by revision. */
async function logOf({ running }: Shop): Promise<readonly Uint8Array[]> {
  const records: Uint8Array[] = [];
  const subscription = running.logSource.open(ORIGIN, {
    records: (more) => void records.push(...more),
    head: (_beacon: HeadBeacon) => undefined,
    status: () => undefined,
  });
  await until(() => records.length === running.head().revision, { what: 'the whole log' });
  await subscription.close();
  return records;
}

/** Waits until the head's stream ends with the log, byte for byte, revision base + n at sequence n. */
export async function expectShipped(bus: Bus, shop: Shop, base = 0): Promise<void> {
  const { epoch, revision } = shop.running.head();
  await until(async () => (await bus.logStreamInfo(epoch))?.lastSeq === revision - base, {
    what: `revision ${revision} in the stream of epoch ${epoch}`,
    timeoutMs: 20_000,
  });
  const { firstSeq } = (await bus.logStreamInfo(epoch))!;
  const log = await logOf(shop);
  for (let seq = firstSeq; seq <= revision - base; seq += 1) {
    const shipped = await bus.readRecord(epoch, seq);
    // A comparison of our own: the one of expect takes seconds for a large record.
    const same = shipped !== undefined && bytesEqual(shipped, log[base + seq - 1]!);
    expect(same, `the record at sequence ${seq} of epoch ${epoch}`).toBe(true);
  }
}

/** What the management port says. */
export async function answerOf({ running }: Shop, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${running.managementPort}${path}`);
  return { status: response.status, text: await response.text() };
}

/** The number of a metric without labels. */
export async function metricOf(shop: Shop, name: string): Promise<number> {
  const { text } = await answerOf(shop, '/metrics');
  return Number(new RegExp(`^flagstream_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** Reads a snapshot to its end. */
export async function snapshotOf({ running }: Shop): Promise<void> {
  const client = new LogServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  try {
    for await (const _ of client.getSnapshot({}));
  } finally {
    client.close();
  }
}

/** What kind of message an evaluator without a state is sent first when it watches the log. */
export async function firstOfLog({ running }: Shop): Promise<string | undefined> {
  const client = new LogServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  try {
    for await (const { event } of client.watchLog({ after: undefined }) as AsyncIterable<WatchLogResponse>)
      return event?.$case;
    return undefined;
  } finally {
    client.close();
  }
}

/** Commits records of together more than the smallest window holds. */
export async function overfill({ admin }: Shop): Promise<void> {
  for (let i = 0; i * 150_000 < LIMITS.streamMessageBytesMax; i += 1) {
    const included = Array.from({ length: 10_000 }, (_, n) => `somebody-${i}-${n}`);
    await callUnary(admin.client, admin.client.createSegment, {
      parent: `projects/${admin.project}`,
      segmentId: `everybody-${i}`,
      segment: Segment.fromPartial({ included }),
      ...written('many'),
    });
  }
}

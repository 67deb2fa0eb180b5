// The control plane ships its log to a real nats-server: commit first, then the same bytes at the same
// places; whatever NATS loses is shipped again; another writer stops writes and nothing else.

import { cpSync, rmSync } from 'node:fs';
import {
  type ControlPlaneConfig,
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { logStreamName } from '@flagstream/protocol';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { type HeadBeacon, ORIGIN } from '@flagstream/replica';
import { type Bus, connectBus, createLogger } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { connect } from 'nats';
import { expect } from 'vitest';
import { Admin } from '../support/admin.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const EPOCH = 1;
const logger = createLogger({ level: 'silent', service: 'test', version: 'test', nodeId: 'test' });

interface Shop {
  readonly running: RunningControlPlane;
  readonly admin: Admin;
}

async function startShop(nats: NatsServer, data: string, streamBytes?: number): Promise<Shop> {
  const settings: Partial<Record<keyof ControlPlaneConfig, unknown>> = {
    data,
    grpcPort: 0,
    managementPort: 0,
    drainGraceMs: 1000,
    nats: { url: nats.url, prefix: nats.prefix, ...(streamBytes === undefined ? {} : { streamBytes }) },
  };
  const running = await startControlPlane(controlPlaneConfigSchema.parse(settings), { logger });
  hold({ what: `control plane on ${data}`, release: () => running.close(), releaseNow: () => undefined });
  return { running, admin: new Admin(running.grpcPort) };
}

async function openBus(nats: NatsServer): Promise<Bus> {
  const bus = await connectBus({ url: nats.url, prefix: nats.prefix, name: 'test', logger });
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

/** Waits until the stream holds the log, byte for byte, revision n at sequence n. */
async function expectShipped(bus: Bus, shop: Shop): Promise<void> {
  const { revision } = shop.running.head();
  await until(async () => (await bus.logStreamInfo(EPOCH))?.lastSeq === revision, {
    what: `revision ${revision} in the stream`,
    timeoutMs: 20_000,
  });
  for (const [i, bytes] of (await logOf(shop)).entries())
    expect(Buffer.from((await bus.readRecord(EPOCH, i + 1)) ?? [])).toEqual(Buffer.from(bytes));
}

/** What the management port says. */
async function answerOf({ running }: Shop, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${running.managementPort}${path}`);
  return { status: response.status, text: await response.text() };
}

/** Reads a snapshot to its end. */
async function snapshotOf({ running }: Shop): Promise<void> {
  const client = new LogServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  try {
    for await (const _ of client.getSnapshot({}));
  } finally {
    client.close();
  }
}

const pending = async (shop: Shop): Promise<number> =>
  Number(/^flagstream_outbox_pending (\d+)$/m.exec((await answerOf(shop, '/metrics')).text)?.[1]);

requiresNats().test('ships the same bytes at the same places, and beacons the head', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  let beacons = 0;
  bus.onHead(() => {
    beacons += 1;
  });
  const shop = await startShop(nats, tempDir('shipper'));
  await shop.admin.createBoolean('a');
  for (let i = 0; i < 100; i += 1) await shop.admin.setEnabled('a', i % 2 === 1);
  await expectShipped(bus, shop);
  expect(await pending(shop)).toBe(0);
  expect(beacons).toBeGreaterThan(0);
});

requiresNats().test('goes on where it was after a restart', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('shipper');
  const first = await startShop(nats, data);
  await first.admin.createBoolean('a');
  await first.running.close();
  const second = await startShop(nats, data);
  await second.admin.setEnabled('a', false);
  await expectShipped(bus, second);
});

requiresNats().test('gives the stream the size that the settings of this start ask for', async () => {
  const nats = await startNatsServer();
  const nc = await connect({ servers: nats.url });
  hold({ what: 'connection of a test', release: () => nc.close(), releaseNow: () => undefined });
  const jsm = await nc.jetstreamManager();
  const size = async (): Promise<number> =>
    (await jsm.streams.info(logStreamName(nats.prefix, EPOCH))).config.max_bytes;
  const data = tempDir('shipper');
  const first = await startShop(nats, data, 1_048_576);
  await expectShipped(await openBus(nats), first);
  expect(await size()).toBe(1_048_576);
  await first.running.close();
  await startShop(nats, data, 2_097_152);
  await until(async () => (await size()) === 2_097_152, { what: 'the other size' });
});

requiresNats('2.9.0', { ownServer: true }).test(
  'takes writes while NATS is away, and ships them then',
  async () => {
    const nats = await startNatsServer();
    const shop = await startShop(nats, tempDir('shipper'));
    await shop.admin.createBoolean('a');
    await expectShipped(await openBus(nats), shop);
    await nats.stop('SIGKILL');
    for (let i = 0; i < 10; i += 1) await shop.admin.setEnabled('a', i % 2 === 1);
    await until(async () => (await pending(shop)) === 10, { what: 'ten records that wait' });
    expect((await answerOf(shop, '/readyz')).status).toBe(200);
    await nats.restart();
    await expectShipped(await openBus(nats), shop);
  },
);

requiresNats('2.9.0', { ownServer: true }).test(
  'ships everything again when NATS has lost the stream',
  async () => {
    const nats = await startNatsServer();
    const shop = await startShop(nats, tempDir('shipper'));
    await shop.admin.createBoolean('a');
    await expectShipped(await openBus(nats), shop);
    await nats.stop();
    rmSync(nats.storeDir!, { recursive: true });
    await nats.restart();
    await shop.admin.setEnabled('a', false);
    await expectShipped(await openBus(nats), shop);
  },
);

requiresNats().test('stops writes, and nothing else, when a copied file writes too', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('shipper');
  const copy = tempDir('shipper-copy');
  const first = await startShop(nats, data);
  await first.admin.createBoolean('a');
  await first.running.close();
  cpSync(data, copy, { recursive: true });

  const owner = await startShop(nats, data);
  await owner.admin.setEnabled('a', false);
  await expectShipped(bus, owner);
  const copied = await startShop(nats, copy);
  await until(async () => (await answerOf(copied, '/readyz')).status === 503, { what: 'the alarm' });
  const ready = await answerOf(copied, '/readyz');
  expect(ready.text).toContain('another writer');
  expect((await answerOf(copied, '/metrics')).text).toMatch(/^flagstream_log_forked 1$/m);
  await expect(copied.admin.setEnabled('a', false)).rejects.toMatchObject({
    details: expect.stringContaining('another writer'),
  });
  await expect(snapshotOf(copied)).rejects.toMatchObject({
    details: expect.stringContaining('another writer'),
  });
  await snapshotOf(owner);
  await owner.admin.setEnabled('a', true);
  await expectShipped(bus, owner);
});

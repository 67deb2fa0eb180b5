// The control plane ships its log to a real nats-server: commit first, then the same bytes at the same
// places; whatever NATS loses is shipped again; another writer stops writes and nothing else.

import { logStreamName } from '@flagstream/protocol';
import { connect } from 'nats';
import { expect } from 'vitest';
import { startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { answerOf, expectShipped, metricOf, openBus, startShop } from './shop.ts';

const EPOCH = 1;
const unshipped = 'unshipped_records';

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
  expect(await metricOf(shop, unshipped)).toBe(0);
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
  const first = await startShop(nats, data, { streamBytes: 1_048_576 });
  await expectShipped(await openBus(nats), first);
  expect(await size()).toBe(1_048_576);
  await first.running.close();
  await startShop(nats, data, { streamBytes: 2_097_152 });
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
    await until(async () => (await metricOf(shop, unshipped)) === 10, { what: 'ten records that wait' });
    expect((await answerOf(shop, '/readyz')).status).toBe(200);
    await nats.restart();
    await expectShipped(await openBus(nats), shop);
  },
);

requiresNats().test('answers a write once NATS has it, where that is asked for', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const shop = await startShop(nats, tempDir('shipper'), { writeAck: 'shipped' });
  for (let i = 0; i < 10; i += 1) {
    const { revision } = await shop.admin.createBoolean(`flag-${i}`);
    expect((await bus.logStreamInfo(EPOCH))?.lastSeq).toBe(revision);
  }
});

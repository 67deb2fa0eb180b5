// Streams that somebody made, emptied or wrote to by hand, and windows of another size: nothing that only NATS holds
// is given up for them.

import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { LIMITS, logStreamName, logSubject, snapshotBucketName } from '@flagstream/protocol';
import { MaintenanceServiceClient } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { READER_VERSION, samePosition } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import { connect, type NatsConnection } from 'nats';
import { expect } from 'vitest';
import { recordAfter } from '../../services/control-plane/src/log/record.fixture.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { callUnary } from '../support/grpc-call.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { answerOf, expectShipped, metricOf, openBus, overfill, type Shop, startShop } from './shop.ts';

const SMALL = { streamBytes: LIMITS.streamMessageBytesMax };
const LARGE = { streamBytes: 8 * LIMITS.streamMessageBytesMax };

function copyOf(data: string): string {
  const copy = tempDir('foreign-copy');
  cpSync(data, copy, { recursive: true });
  return copy;
}

async function byHand(nats: NatsServer): Promise<NatsConnection> {
  const nc = await connect({ servers: nats.url });
  hold({ what: 'connection of a test', release: () => nc.close(), releaseNow: () => undefined });
  return nc;
}

async function refused(shop: Shop): Promise<string> {
  await until(async () => (await answerOf(shop, '/readyz')).status === 503, { what: 'the alarm' });
  return (await answerOf(shop, '/readyz')).text;
}

async function takeOver({ running }: Shop): Promise<void> {
  const client = new MaintenanceServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  try {
    await callUnary(client, client.reseedLog, { takeOver: true, actor: 'anna', comment: 'a test' });
  } finally {
    client.close();
  }
}

requiresNats().test('an empty stream of the next epoch hides nothing that a later one holds', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('foreign');
  const first = await startShop(nats, data);
  await expectShipped(bus, first);
  const before = first.running.head().revision;
  await first.running.close();
  const copy = copyOf(data);

  const second = await startShop(nats, data);
  await takeOver(second);
  // Otherwise the next epoch may begin before anything of this one was shipped.
  await until(async () => (await bus.logStreamInfo(2)) !== undefined, { what: 'the stream of epoch 2' });
  await takeOver(second);
  await second.admin.createBoolean('a');
  await expectShipped(bus, second, before + 1);
  await second.running.close();
  const { streams } = await (await byHand(nats)).jetstreamManager();
  await streams.delete(logStreamName(nats.prefix, 2));
  await bus.ensureLogStream(2, SMALL.streamBytes);

  const old = await startShop(nats, copy);
  expect(await refused(old)).toContain('1 revisions');
  expect(await metricOf(old, 'reseeds_total')).toBe(0);
});

requiresNats().test('a smaller window lets nothing go before it was taken in', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('foreign');
  const first = await startShop(nats, data, LARGE);
  await expectShipped(bus, first);
  await first.running.close();
  const copy = copyOf(data);
  const second = await startShop(nats, data, LARGE);
  await overfill(second);
  await expectShipped(bus, second);
  const head = second.running.head();
  await second.running.close();

  const old = await startShop(nats, copy, SMALL);
  expect(old.running.head()).toEqual(head);
  await old.admin.createBoolean('a');
  await expectShipped(bus, old);
  await until(async () => (await bus.logStreamInfo(1))!.firstSeq > 1, { what: 'the smaller window' });
});

requiresNats().test('an empty stream that takes no record is brought in line', async () => {
  const nats = await startNatsServer();
  const { streams } = await (await byHand(nats)).jetstreamManager();
  await streams.add({
    name: logStreamName(nats.prefix, 1),
    subjects: [logSubject(nats.prefix, 1)],
    max_msg_size: 10,
  });
  const shop = await startShop(nats, tempDir('foreign'));
  await expectShipped(await openBus(nats), shop);
});

requiresNats().test(
  'what is no record, at the end of our stream or in a later one, stops writes',
  async () => {
    const nats = await startNatsServer();
    const bus = await openBus(nats);
    const data = tempDir('foreign');
    const first = await startShop(nats, data);
    await expectShipped(bus, first);
    await first.running.close();
    const copy = copyOf(data);
    const { js } = await byHand(nats).then((nc) => ({ js: nc.jetstream() }));
    await js.publish(logSubject(nats.prefix, 1), Buffer.from('not a record'));
    const atTheEnd = await startShop(nats, data);
    expect(await refused(atTheEnd)).toContain('does not continue this log');
    expect(await metricOf(atTheEnd, 'log_forked')).toBe(1);
    await atTheEnd.running.close();

    const other = await startNatsServer();
    const otherBus = await openBus(other);
    await otherBus.ensureLogStream(7, SMALL.streamBytes);
    await (await byHand(other)).jetstream().publish(logSubject(other.prefix, 7), Buffer.from('not a record'));
    const later = await startShop(other, copy);
    expect(await refused(later)).toContain('revisions after revision');
  },
);

requiresNats().test('what only a newer release may read is not taken in, and stops writes', async () => {
  const nats = await startNatsServer();
  const data = tempDir('foreign');
  const first = await startShop(nats, data);
  await expectShipped(await openBus(nats), first);
  const head = first.running.head();
  await first.running.close();
  const newer = recordAfter(head, [], { minReader: READER_VERSION + 1 });
  await (await byHand(nats)).jetstream().publish(logSubject(nats.prefix, 1), newer.bytes);

  const shop = await startShop(nats, data);
  expect(await refused(shop)).toContain(`revision ${head.revision + 1} needs reader`);
  await expect(shop.admin.createBoolean('a')).rejects.toThrow('needs reader');
  expect(shop.running.head()).toEqual(head);
});

requiresNats().test(
  'writes its snapshot again when somebody removed it, though nothing changes',
  async () => {
    const nats = await startNatsServer();
    const bus = await openBus(nats);
    const shop = await startShop(nats, tempDir('foreign'));
    await takeOver(shop);
    const before = await until(() => bus.fetchSnapshot(), { what: 'a snapshot' });
    const { streams } = await (await byHand(nats)).jetstreamManager();
    await streams.delete(`OBJ_${snapshotBucketName(nats.prefix)}`);
    expect(await bus.fetchSnapshot()).toBeUndefined();
    const after = await until(() => bus.fetchSnapshot(), { what: 'it again', timeoutMs: 20_000 });
    expect(samePosition(after.position, before.position)).toBe(true);
  },
);

requiresNats('2.9.0', { ownServer: true }).test(
  'evaluators leave an epoch that disk and NATS have lost, for the one of the restored backup',
  async () => {
    const nats = await startNatsServer();
    const data = tempDir('foreign');
    const first = await startShop(nats, data);
    await first.admin.createBoolean('a');
    const backup = path.join(tempDir('foreign-backup'), 'backup.db');
    expect((await runFlagstream(['backup', 'create', backup, '--data', data])).code).toBe(0);
    await takeOver(first);
    await takeOver(first);
    const settings = { grpcPort: 0, managementPort: 0, nats: { url: nats.url, prefix: nats.prefix } };
    const evaluator = await startEvaluator(evaluatorConfigSchema.parse(settings), { logger: unreadLogger });
    hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
    await until(() => samePosition(evaluator.applied(), first.running.head()), { what: 'the lost epoch' });

    await first.running.close();
    await nats.stop('SIGKILL');
    rmSync(nats.storeDir!, { recursive: true });
    await nats.restart();
    const empty = tempDir('foreign-restored');
    expect((await runFlagstream(['backup', 'restore', backup, '--data', empty])).code).toBe(0);
    const second = await startShop(nats, empty, { withoutStream: true });
    await second.admin.setEnabled('a', false);
    await until(() => samePosition(evaluator.applied(), second.running.head()), {
      what: 'the evaluator in the new epoch',
      timeoutMs: 20_000,
    });
  },
);

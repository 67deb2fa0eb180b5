// What NATS loses, and who else writes: the log of a real control plane goes on in a new epoch, takes in what
// only NATS holds, or stops and waits for a person. Nothing that was acknowledged is lost.

import { cpSync, rmSync } from 'node:fs';
import { createClient, type WithdrawnEvent } from '@flagstream/client';
import { type EvaluatorConfig, evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { logStreamName } from '@flagstream/protocol';
import { MaintenanceServiceClient } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { samePosition } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import { connect } from 'nats';
import { expect } from 'vitest';
import { callUnary } from '../support/grpc-call.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import {
  answerOf,
  expectShipped,
  firstOfLog,
  metricOf,
  openBus,
  overfill,
  type Shop,
  snapshotOf,
  startShop,
} from './shop.ts';

/** The smallest window that a stream may have. */
const SMALL = { streamBytes: 786_432 };

/** A copy of a stopped control plane's folder, as it is now. */
function copyOf(data: string): string {
  const copy = tempDir('reseed-copy');
  cpSync(data, copy, { recursive: true });
  return copy;
}

async function deleteStream(nats: NatsServer, epoch: number): Promise<void> {
  const nc = await connect({ servers: nats.url });
  hold({ what: 'connection of a test', release: () => nc.close(), releaseNow: () => undefined });
  await (await nc.jetstreamManager()).streams.delete(logStreamName(nats.prefix, epoch));
}

async function refused(shop: Shop): Promise<string> {
  await until(async () => (await answerOf(shop, '/readyz')).status === 503, { what: 'the alarm' });
  return (await answerOf(shop, '/readyz')).text;
}

function takeOver({ running }: Shop): Promise<unknown> {
  const client = new MaintenanceServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  hold({
    what: 'maintenance client',
    release: () => Promise.resolve(client.close()),
    releaseNow: () => client.close(),
  });
  return callUnary(client, client.reseedLog, { takeOver: true, actor: 'anna', comment: 'the copy is gone' });
}

async function follow(nats: NatsServer): ReturnType<typeof startEvaluator> {
  const settings: Partial<Record<keyof EvaluatorConfig, unknown>> = {
    grpcPort: 0,
    managementPort: 0,
    nats: { url: nats.url, prefix: nats.prefix },
  };
  const evaluator = await startEvaluator(evaluatorConfigSchema.parse(settings), { logger: unreadLogger });
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  return evaluator;
}

requiresNats('2.9.0', { ownServer: true }).test(
  'goes on in a new epoch when NATS has lost everything, and evaluators with it',
  async () => {
    const nats = await startNatsServer();
    const shop = await startShop(nats, tempDir('reseed'));
    await shop.admin.createBoolean('a');
    await expectShipped(await openBus(nats), shop);
    const evaluator = await follow(nats);
    await until(() => evaluator.applied().revision === shop.running.head().revision, {
      what: 'the evaluator at the head',
    });

    await nats.stop('SIGKILL');
    rmSync(nats.storeDir!, { recursive: true });
    await shop.admin.setEnabled('a', false);
    const base = shop.running.head().revision;
    await nats.restart();

    await until(() => shop.running.head().epoch === 2, { what: 'epoch 2', timeoutMs: 20_000 });
    await shop.admin.setEnabled('a', true);
    await expectShipped(await openBus(nats), shop, base);
    await until(() => evaluator.applied().revision === shop.running.head().revision, {
      what: 'the evaluator in the new epoch',
      timeoutMs: 20_000,
    });
    expect(samePosition(evaluator.applied(), shop.running.head())).toBe(true);
    expect(await metricOf(shop, 'reseeds_total')).toBe(1);
    expect(await metricOf(shop, 'nats_snapshots_total')).toBe(1);
    expect(await metricOf(shop, 'unshipped_records')).toBe(0);
  },
);

requiresNats().test('notices a deleted stream though nothing is written', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const shop = await startShop(nats, tempDir('reseed'));
  await expectShipped(bus, shop);
  const base = shop.running.head().revision;
  await deleteStream(nats, 1);
  await until(() => shop.running.head().epoch === 2, { what: 'epoch 2', timeoutMs: 20_000 });
  await expectShipped(bus, shop, base);
  const snapshot = await until(() => bus.fetchSnapshot(), { what: 'a snapshot' });
  expect(samePosition(snapshot.position, shop.running.head())).toBe(true);
  // Told of only now that a follower finds all it needs.
  await until(async () => (await bus.askHead()).length > 0, { what: 'a head that is told' });
});

requiresNats('2.9.0', { ownServer: true }).test(
  'begins an epoch when NATS was put back further than its window reaches',
  async () => {
    const nats = await startNatsServer();
    const shop = await startShop(nats, tempDir('reseed'), SMALL);
    await shop.admin.createBoolean('a');
    await expectShipped(await openBus(nats), shop);
    await nats.stop();
    const backup = copyOf(nats.storeDir!);
    await nats.restart();
    await shop.admin.setEnabled('a', false);
    await expectShipped(await openBus(nats), shop);
    await overfill(shop);
    await expectShipped(await openBus(nats), shop);
    const base = shop.running.head().revision;
    await nats.stop('SIGKILL');
    rmSync(nats.storeDir!, { recursive: true });
    cpSync(backup, nats.storeDir!, { recursive: true });
    await nats.restart();
    await until(() => shop.running.head().epoch === 2, { what: 'epoch 2', timeoutMs: 20_000 });
    await expectShipped(await openBus(nats), shop, base);
  },
);

requiresNats().test('an older copy of the data takes in what only NATS holds, across an epoch', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('reseed');
  const first = await startShop(nats, data);
  await first.admin.createBoolean('a');
  await expectShipped(bus, first);
  await first.running.close();
  const copy = copyOf(data);

  const second = await startShop(nats, data);
  await takeOver(second);
  for (let i = 0; i < 100; i += 1) await second.admin.setEnabled('a', i % 2 === 1);
  const base = second.running.head().revision - 101;
  await expectShipped(bus, second, base);
  const head = second.running.head();
  await second.running.close();
  expect(head.epoch).toBe(2);

  const restored = await startShop(nats, copy);
  expect(restored.running.head()).toEqual(head);
  await restored.admin.createBoolean('b');
  await expectShipped(bus, restored, base);
  expect(await metricOf(restored, 'reseeds_total')).toBe(0);
});

requiresNats().test(
  'a copy that the window no longer reaches refuses writes, and says what is missing',
  async () => {
    const nats = await startNatsServer();
    const bus = await openBus(nats);
    const data = tempDir('reseed');
    const first = await startShop(nats, data, SMALL);
    await expectShipped(bus, first);
    const before = first.running.head().revision;
    await first.running.close();
    const copy = copyOf(data);
    const second = await startShop(nats, data, SMALL);
    await overfill(second);
    await expectShipped(bus, second);
    const { firstSeq } = (await bus.logStreamInfo(1))!;
    expect(firstSeq).toBeGreaterThan(before + 1);
    await second.running.close();

    const old = await startShop(nats, copy, SMALL);
    expect(await refused(old)).toContain(`${firstSeq - before - 1} revisions`);
    await expect(old.admin.createBoolean('a')).rejects.toMatchObject({
      details: expect.stringContaining('revisions after revision'),
    });
    await expect(snapshotOf(old)).rejects.toMatchObject({ details: expect.stringContaining('revisions') });
  },
);

requiresNats().test('does not start beside another control plane, which goes on', async () => {
  const nats = await startNatsServer();
  const data = tempDir('reseed');
  const first = await startShop(nats, data);
  await first.admin.createBoolean('a');
  await first.running.close();
  const copy = copyOf(data);
  const owner = await startShop(nats, data);
  await expect(startShop(nats, copy)).rejects.toMatchObject({ reason: 'SECOND_CONTROL_PLANE' });
  await owner.admin.setEnabled('a', false);
  await expectShipped(await openBus(nats), owner);
});

requiresNats().test('a copy that wrote for itself stops writes, until a person takes over', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('reseed');
  const first = await startShop(nats, data);
  await first.admin.createBoolean('a');
  await first.running.close();
  const copy = copyOf(data);
  const alone = await startShop(nats, copy, { nats: {} });
  await alone.admin.setEnabled('a', false);
  await alone.running.close();
  const owner = await startShop(nats, data);
  await owner.admin.createBoolean('b');
  await expectShipped(bus, owner);
  const client = createClient({ target: `127.0.0.1:${(await follow(nats)).grpcPort}` });
  hold({ what: 'client', release: () => client.close(), releaseNow: () => undefined });
  const told: WithdrawnEvent[] = [];
  client.on('withdrawn', (event) => told.push(event));
  const { revision: withdrawn } = owner.running.head();
  await until(() => client.status().position?.revision === withdrawn, { what: 'the client at the head' });
  await owner.running.close();

  const copied = await startShop(nats, copy);
  expect(await refused(copied)).toContain('another record');
  expect(await metricOf(copied, 'log_forked')).toBe(1);
  await expect(copied.admin.setEnabled('a', true)).rejects.toMatchObject({
    details: expect.stringContaining('another record'),
  });
  await expect(snapshotOf(copied)).rejects.toMatchObject({
    details: expect.stringContaining('another record'),
  });
  await expect(firstOfLog(copied)).rejects.toMatchObject({
    details: expect.stringContaining('another record'),
  });
  await expect(bus.askHead()).rejects.toMatchObject({ retryable: true });

  const base = copied.running.head().revision;
  await takeOver(copied);
  expect(copied.running.head()).toMatchObject({ epoch: 2, revision: base + 1 });
  await copied.admin.setEnabled('a', true);
  await expectShipped(bus, copied, base);
  expect((await answerOf(copied, '/readyz')).status).toBe(200);
  expect(await firstOfLog(copied)).toBe('records');

  // What the other one had acknowledged is gone, and who holds it is told.
  await until(() => client.status().position?.revision === copied.running.head().revision, {
    what: 'the client in the new epoch',
    timeoutMs: 20_000,
  });
  expect(told).toMatchObject([{ withdrawn: { epoch: 1, revision: withdrawn }, epoch: 2 }]);
  expect(client.evaluate('b').errorCode).toBe('FLAG_NOT_FOUND');
});

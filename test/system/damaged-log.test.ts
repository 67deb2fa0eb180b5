// A control plane whose file is damaged while it runs: who starts afresh is not spoiled by it, and the good
// snapshots in NATS stay.

import path from 'node:path';
import { type EvaluatorConfig, evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import { MaintenanceServiceClient } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { samePosition, type VersionedEntity } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { ChangeLog } from '../../services/control-plane/src/log/change-log.ts';
import { MemoryStore } from '../../services/control-plane/src/log/memory-store.ts';
import { openFile } from '../../services/control-plane/src/log/native-objects.ts';
import { IDENTITY } from '../../services/control-plane/src/log/record.fixture.ts';
import { SnapshotWriter } from '../../services/control-plane/src/publish/snapshot-writer.ts';
import { Snapshots } from '../../services/control-plane/src/sync/snapshot.ts';
import { callUnary } from '../support/grpc-call.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { answerOf, metricOf, openBus, type Shop, startShop } from './shop.ts';

/** Begins an epoch, which needs a snapshot in NATS. */
async function takeOver({ running }: Shop): Promise<void> {
  const client = new MaintenanceServiceClient(`127.0.0.1:${running.grpcPort}`, credentials.createInsecure());
  await callUnary(client, client.reseedLog, { takeOver: true, actor: 'anna', comment: 'why' });
  client.close();
}

function damage(data: string): void {
  const db = openFile(path.join(data, 'flagstream.db'));
  db.exec(`UPDATE entity SET content = x'00' WHERE key = 'a'`);
  db.close();
}

requiresNats().test('an evaluator with nothing starts from the good snapshot in NATS', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const data = tempDir('damaged');
  const shop = await startShop(nats, data);
  await shop.admin.createBoolean('a');
  await takeOver(shop);
  const good = await until(() => bus.fetchSnapshot(), { what: 'a snapshot' });
  damage(data);
  await shop.admin.createBoolean('b');

  const settings: Partial<Record<keyof EvaluatorConfig, unknown>> = {
    grpcPort: 0,
    managementPort: 0,
    nats: { url: nats.url, prefix: nats.prefix },
    controlPlane: { address: `127.0.0.1:${shop.running.grpcPort}` },
  };
  // Never by reading the control plane's log from its beginning, which would lead past snapshots.
  const failover = { unwellMs: 3_600_000, settledMs: 1 };
  const evaluator = await startEvaluator(evaluatorConfigSchema.parse(settings), {
    logger: unreadLogger,
    failover,
  });
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  await until(() => samePosition(evaluator.applied(), shop.running.head()), {
    what: 'the evaluator at the head',
    timeoutMs: 20_000,
  });
  const metrics = await (await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`)).text();
  expect(metrics).not.toContain('snapshot-failed');

  await takeOver(shop);
  await until(async () => (await metricOf(shop, 'log_corrupt')) === 1, { what: 'the alarm' });
  expect(await answerOf(shop, '/readyz')).toMatchObject({
    status: 503,
    text: expect.stringContaining('the content of 3/default//a is not what its hash says'),
  });
  expect(await metricOf(shop, 'nats_snapshots_total')).toBe(1);
  expect(samePosition((await bus.fetchSnapshot())!.position, good.position)).toBe(true);
});

class FailingStore extends MemoryStore {
  failures = 1;
  override all(): readonly VersionedEntity[] {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the disk does not answer');
    }
    return super.all();
  }
}

requiresNats().test('a snapshot that cannot be read from the disk is tried again', async () => {
  const nats = await startNatsServer();
  const bus = await openBus(nats);
  const store = new FailingStore(recordCodec);
  const log = new ChangeLog({ store, codec: recordCodec, now: () => 0 });
  log.begin(IDENTITY);
  let nowMs = 0;
  const writer = new SnapshotWriter({
    log,
    snapshots: new Snapshots(store),
    bus,
    logger: unreadLogger,
    windowBytes: 1_000_000,
    monotonicNow: () => nowMs,
    onPut: () => undefined,
  });
  hold({ what: 'snapshot writer', release: () => writer.close(), releaseNow: () => undefined });
  writer.allow(true);
  writer.demand();
  await until(() => store.failures === 0, { what: 'the failure' });
  nowMs += LIMITS.snapshotRetryMs;
  await until(() => writer.written === 1, { what: 'a snapshot' });
  expect((await bus.fetchSnapshot())?.position.revision).toBe(1);
});

import { LIMITS, recordCodec } from '@flagstream/protocol';
import type { Snapshot, VersionedEntity } from '@flagstream/replica';
import { expect, it, onTestFinished } from 'vitest';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { ChangeLog } from '../log/change-log.ts';
import { MemoryStore } from '../log/memory-store.ts';
import { flagEntity, IDENTITY, recordAfter } from '../log/record.fixture.ts';
import { Snapshots } from '../sync/snapshot.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

/** Counts how often its state, and the content of an entity of it, are read. */
class ReadStore extends MemoryStore {
  reads = 0;
  contents = 0;
  override all(): readonly VersionedEntity[] {
    this.reads += 1;
    const counted = (): void => {
      this.contents += 1;
    };
    return super.all().map(({ change, version }) => ({
      version,
      change: {
        ...change,
        get content() {
          counted();
          return change.content;
        },
      },
    }));
  }
}

/** NATS, which refuses as long as it is told to. */
class Refusing {
  refuses = true;
  readonly asked: Snapshot[] = [];
  putSnapshot(snapshot: Snapshot): Promise<void> {
    this.asked.push(snapshot);
    return this.refuses ? Promise.reject(new Error('insufficient storage')) : Promise.resolve();
  }
  holdsSnapshot(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

async function asked(bus: Refusing, times: number): Promise<void> {
  while (bus.asked.length < times) await new Promise((resolve) => setImmediate(resolve));
}

it('tries the same snapshot again without verifying it again, and a newer one once', async () => {
  const store = new ReadStore(recordCodec);
  const log = new ChangeLog({ store, codec: recordCodec, now: () => 0 });
  log.begin(IDENTITY);
  store.fold(recordAfter(store.head(), [flagEntity('a', '1')]));
  const bus = new Refusing();
  let nowMs = 0;
  const writer = new SnapshotWriter({
    log,
    // The one taken before is remembered by nobody else, as after a garbage collection.
    snapshots: { take: () => new Snapshots(store).take() },
    bus,
    logger: unreadLogger,
    windowBytes: 1_000_000,
    monotonicNow: () => nowMs,
    onPut: () => undefined,
  });
  onTestFinished(() => writer.close());
  writer.allow(true);
  writer.demand();
  await asked(bus, 1);
  const { contents } = store;
  expect([store.reads, contents]).toEqual([1, expect.any(Number)]);
  expect(contents).toBeGreaterThan(0);

  const again = async (times: number): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    nowMs += LIMITS.snapshotRetryMs;
    writer.allow(true);
    await asked(bus, times);
  };
  await again(2);
  expect([store.reads, store.contents]).toEqual([1, contents]);
  expect(bus.asked[1]).toBe(bus.asked[0]);

  store.fold(recordAfter(store.head(), [flagEntity('a', '2')]));
  bus.refuses = false;
  await again(3);
  expect(bus.asked[2]!.position.revision).toBe(3);
  expect([store.reads, store.contents]).toEqual([2, 2 * contents]);
});

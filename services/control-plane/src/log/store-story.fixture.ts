/** What tests of stores write into them, and how they look at what became of it. */
import assert from 'node:assert/strict';
import { recordCodec } from '@flagstream/protocol';
import { type EntityChange, genesisFields, hex, type LogRecord } from '@flagstream/replica';
import type { AuditStore } from './audit-store.ts';
import { entity, flagEntity, genesis, recordAfter, stagedPart } from './record.fixture.ts';

export function commit(store: AuditStore, ...changes: EntityChange[]): LogRecord {
  const record = recordAfter(store.head(), changes);
  store.fold(record);
  return record;
}

/** The first record of an epoch that continues the head. */
export function nextGenesis(store: AuditStore, epoch: number): LogRecord {
  const { revision, hash } = store.head();
  const base = { epoch, baseRevision: revision, baseHash: hash, startedMs: 9000, reason: 'reseed' };
  return recordCodec.encodeRecord(
    genesisFields([...store.lineage(), base], `#genesis-${epoch}`, { id: 'test', kind: 'user' }),
  );
}

/** Everything that a store answers about what it holds, as plain data. */
export function contents(store: AuditStore): unknown {
  const all = store.all();
  return plain({
    head: store.head(),
    lineage: store.lineage(),
    digest: store.stateDigest(),
    log: store.readLog(0, 1000),
    all,
    revisions: all.map(({ change }) => store.revisionsOf(change, 1000, 1000)),
    named: store.namedRevisions({}, 1000, 1000),
    hashes: store.recentHashes(1000),
    notes: [store.restoredMark(), store.shippedEpoch(), store.announcedEpoch()],
  });
}

/** Bytes as text: stores may answer any kind of byte array. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

/** Two epochs with flags, a tombstone and an apply in parts. */
export function writeLongStory(store: AuditStore): void {
  store.fold(genesis());
  commit(store, flagEntity('a', '1'), flagEntity('b', '1'));
  const part = stagedPart([flagEntity('c', '1')]);
  commit(store, part.change);
  store.fold(nextGenesis(store, 2));
  store.fold(
    recordAfter(store.head(), [entity({ ...flagEntity('a', '') }, '1', true)], { parts: [part.ref] }),
  );
  commit(store, stagedPart([flagEntity('d', '1')]).change);
}

/** Folds and expects a refusal that leaves everything as it was. */
export function refuse(store: AuditStore, record: LogRecord, message: RegExp): void {
  const before = contents(store);
  assert.throws(() => store.fold(record), message);
  assert.deepEqual(contents(store), before);
}

import { join } from 'node:path';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import { Change, ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type LogRecord, LogState } from '@flagstream/replica';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SqliteStore } from '../log/sqlite-store.ts';
import { tempFolder } from '../temp-folder.fixture.ts';
import { booleanFlag, config, PROJECT, Workbench } from '../workbench.fixture.ts';
import { applyEdit } from './change-methods.ts';
import { requestDigest as requestDigestOf } from './request-digest.ts';
import type { WriteResult } from './writes.ts';

const describedAs = (description: string): object => booleanFlag('a', { description });
const flagA = { kind: ENTITY_KIND.flag, project: 'p', environment: '', key: 'a' };

function records(bench: Workbench): LogRecord[] {
  return bench.store.readLog(0, 10_000).map((row) => recordCodec.decodeRecord(row.bytes));
}

describe('an operation id', () => {
  it('makes a retry answer the first result, for ever, whatever happened since', () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const first = bench.apply([describedAs('one'), booleanFlag('b')], { opId: 'op-1' });
    bench.apply([describedAs('two')]);
    bench.nowMs += 365 * 86_400_000;
    const before = bench.fingerprint();
    const retry = bench.apply([describedAs('one'), booleanFlag('b')], { opId: 'op-1' });
    expect(retry.position).toEqual(first.position);
    expect(retry.actions).toEqual(first.actions);
    expect(bench.fingerprint()).toBe(before);
    const flag = Flag.decode(bench.store.entity(flagA)!.change.content);
    expect(flag.description).toBe('two');
  });

  it('makes a retry answer nothing done, also when somebody has changed since what was so', () => {
    const bench = new Workbench();
    bench.apply([...PROJECT, describedAs('one')]);
    const nothing = bench.apply([describedAs('one')], { opId: 'op-1' });
    expect(nothing.actions.map(({ action }) => action)).toEqual([ChangeAction.NONE]);
    bench.apply([describedAs('two')]);
    const before = bench.fingerprint();
    const retry = bench.apply([describedAs('one')], { opId: 'op-1' });
    expect(retry.position).toEqual(nothing.position);
    expect(retry.actions).toEqual(nothing.actions);
    expect(bench.fingerprint()).toBe(before);
  });

  it('is refused for another request', () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    bench.apply([describedAs('one')], { opId: 'op-1' });
    const before = bench.fingerprint();
    const others = [
      () => bench.apply([describedAs('two')], { opId: 'op-1' }),
      () => bench.apply([describedAs('one')], { opId: 'op-1', comment: 'other' }),
      () => bench.apply([describedAs('one')], { opId: 'op-1', actor: 'somebody else' }),
    ];
    for (const other of others) expect(other).toThrow(expect.objectContaining({ reason: 'OP_ID_REUSED' }));
    expect(bench.fingerprint()).toBe(before);
  });

  it('of a release that kept one room for all keys is found by the key that used it, and by no other', () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const edits = [applyEdit(Change.fromJSON(describedAs('one')), 0)];
    const perform = (keyId: string): WriteResult =>
      bench.writes.perform({
        method: 'test',
        requestJson: {},
        principal: { id: keyId, kind: 'key' },
        permit: () => undefined,
        opId: 'op-1',
        actor: '',
        comment: '',
        validateOnly: false,
        edits: () => edits,
        subjects: () => [flagA],
      });
    const actor = { id: 'k1', kind: 'key' };
    const requestDigest = requestDigestOf('test', {});
    const old = bench.log.append({ opId: 'op-1', requestDigest, actor, comment: '', changes: [] });
    expect(perform('k1').position).toEqual(old);
    expect(perform('k2').position.revision).toBe(old.revision + 1);
  });

  it('is told by a plan and the write that follows it alike', () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const plan = bench.apply([describedAs('one')], { opId: 'op-1', validateOnly: true });
    const write = bench.apply([describedAs('one')], { opId: 'op-1' });
    expect(write.actions).toEqual(plan.actions);
    expect(write.position.revision).toBe(plan.position.revision + 1);
  });

  it('is made by the server where the request has none', () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    bench.apply([describedAs('one')]);
    bench.apply([describedAs('two')]);
    const [first, second] = records(bench).slice(-2);
    expect(first?.opId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(second?.opId).not.toBe(first?.opId);
  });
});

describe('a record', () => {
  it('says who, why and when', () => {
    const bench = new Workbench();
    bench.apply(PROJECT, { actor: 'alice@example.com', comment: 'set up' });
    bench.apply([describedAs('one')], { actor: '' });
    const [named, anonymous] = records(bench).slice(-2);
    expect(named).toMatchObject({
      actor: { id: 'alice@example.com', kind: 'user' },
      comment: 'set up',
      wallMs: bench.nowMs,
    });
    expect(anonymous?.actor).toEqual({ id: 'anonymous', kind: 'anonymous' });
  });

  it.each([
    ['comment', { comment: 'x'.repeat(LIMITS.commentLengthMax + 1) }],
    ['actor', { actor: 'x'.repeat(LIMITS.actorLengthMax + 1) }],
    ['op_id', { opId: 'x'.repeat(LIMITS.operationIdLengthMax + 1) }],
  ])('is bounded in its %s', (field, fields) => {
    const bench = new Workbench();
    expect(() => bench.apply(PROJECT, fields)).toThrow(
      expect.objectContaining({ reason: 'INVALID_FIELD', fields: [expect.objectContaining({ field })] }),
    );
  });
});

describe('an apply too large for one record', () => {
  const COUNT = 10_000;
  const changes = (): object[] =>
    Array.from({ length: COUNT }, (_, i) =>
      booleanFlag(`flag-${i}`, { description: 'As real flags have one. '.repeat(4) }),
    );

  function onDisk(): Workbench {
    const store = new SqliteStore(join(tempFolder(), 'test.db'), recordCodec);
    onTestFinished(() => store.close());
    const bench = new Workbench(store);
    bench.apply(PROJECT);
    return bench;
  }

  it('is one revision to those who follow: all of it or nothing', { timeout: 60_000 }, () => {
    const bench = onDisk();
    const start = bench.head.revision;
    const result = bench.apply(changes(), { opId: 'big' });
    expect(result.actions.every(({ action }) => action === ChangeAction.CREATE)).toBe(true);
    const staged = records(bench).slice(start);
    for (const record of staged) expect(record.bytes.length).toBeLessThanOrEqual(LIMITS.recordBytesMax);
    expect(staged.map((record) => record.opId)).toEqual([
      ...staged.slice(1).map((_, i) => `big#${i + 1}`),
      'big',
    ]);
    const follower = new LogState(recordCodec);
    const flagsAfter = records(bench).map((record) => {
      follower.apply(record);
      return [...follower.entities()].filter(({ change }) => change.kind === ENTITY_KIND.flag).length;
    });
    expect(new Set(flagsAfter)).toEqual(new Set([0, COUNT]));
    expect(Buffer.from(follower.digest)).toEqual(Buffer.from(bench.store.stateDigest()));
    const before = bench.fingerprint();
    expect(bench.apply(changes(), { opId: 'big' }).position).toEqual(result.position);
    expect(bench.fingerprint()).toBe(before);
  });

  it('goes on where a crash left it, and what nobody finishes is removed after an hour', () => {
    const bench = onDisk();
    const some = changes().slice(0, 900);
    // A crash before the last record leaves staged parts: here the store fails at that moment.
    const heard: number[] = [];
    const stop = bench.log.onCommit(() => heard.push(bench.head.revision));
    const parts = crashBeforeLastRecord(bench, () => bench.apply(some, { opId: 'big' }));
    stop();
    expect(parts).toBeGreaterThan(1);
    const crashedAt = bench.head.revision;
    expect(heard).toEqual([crashedAt]);
    bench.nowMs += LIMITS.orphanPartMs - 1;
    bench.log.removeOrphanParts();
    expect(bench.head.revision).toBe(crashedAt);
    const result = bench.apply(some, { opId: 'big' });
    expect(result.position.revision).toBe(crashedAt + 1);

    const others = changes().slice(1000, 1900);
    crashBeforeLastRecord(bench, () => bench.apply(others, { opId: 'lost' }));
    bench.nowMs += LIMITS.orphanPartMs;
    bench.log.removeOrphanParts();
    const live = bench.store
      .entities({ kind: ENTITY_KIND.part, project: '', limit: 100 })
      .filter(({ change }) => !change.deleted);
    expect(live).toEqual([]);
    expect(bench.apply(others, { opId: 'lost' }).actions).toHaveLength(900);
  });
});

/** Runs a write whose visible record cannot be stored; answers how many parts it left. */
function crashBeforeLastRecord(bench: Workbench, write: () => void): number {
  const before = bench.head.revision;
  const { store } = bench;
  const fold = store.fold.bind(store);
  store.fold = (record) => {
    if (record.parts.length > 0) throw new Error('crash');
    fold(record);
  };
  expect(write).toThrow('crash');
  store.fold = fold;
  return bench.head.revision - before;
}

describe('while another writer uses the log', () => {
  it('writes are refused and reads go on', () => {
    const bench = new Workbench();
    bench.apply([...PROJECT, booleanFlag('a')]);
    bench.log.refuseWrites('another writer');
    const before = bench.fingerprint();
    expect(() => bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })])).toThrow(
      expect.objectContaining({ reason: 'LOG_FORKED' }),
    );
    expect(bench.fingerprint()).toBe(before);
    expect(bench.reads.get(ENTITY_KIND.flag, 'projects/p/flags/a', 0n).message.name).toBe(
      'projects/p/flags/a',
    );
  });
});

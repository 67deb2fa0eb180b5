import { describe, expect, it } from 'vitest';
import { ENTITY_KIND, type EntityChange, entityKey } from './entity.ts';
import { changed, encodeChanges, flag, jsonCodec, LogWriter } from './log.fixture.ts';
import { LogState } from './log-state.ts';
import { partId } from './parts.ts';
import { ORIGIN } from './position.ts';
import type { LogRecord } from './record.ts';
import type { Snapshot } from './seams.ts';

const apply = (state: LogState, records: readonly LogRecord[]): string[] =>
  records.map((record) => state.apply(record).kind);

function folded(writer: LogWriter): LogState {
  const state = new LogState(jsonCodec);
  apply(state, writer.records);
  return state;
}

const snapshotOf = (state: LogState, writer: LogWriter): Snapshot => ({
  position: state.position,
  lineage: state.lineage,
  stateDigest: state.digest,
  entities: [...state.entities()],
  recentHashes: writer.records.map(({ hash }) => hash),
});

const text = (state: LogState, key: string): string | undefined => {
  const entity = state.entity(entityKey(flag(key, null)));
  return entity === undefined || entity.change.deleted
    ? undefined
    : new TextDecoder().decode(entity.change.content);
};

describe('LogState', () => {
  it('folds a log from its genesis', () => {
    const writer = new LogWriter();
    writer.write(flag('a', '1'), flag('b', '1'));
    writer.write(flag('a', '2'));
    writer.write(flag('b', null));
    const state = folded(writer);
    expect(state.position).toEqual(writer.position);
    expect([text(state, 'a'), text(state, 'b')]).toEqual(['"2"', undefined]);
    expect(state.entity(entityKey(flag('a', null)))?.version).toBe(3);
    expect(state.logIdentity).toEqual(writer.lineage[0]?.baseHash);
    expect(state.hashAt(3)).toEqual(writer.records[2]?.hash);
  });

  it('takes each record once, whatever arrives', () => {
    const writer = new LogWriter();
    for (let i = 0; i < 4; i++) writer.write(flag('a', String(i)));
    const state = new LogState(jsonCodec);
    const [first, second, third, , fifth] = writer.records as [
      LogRecord,
      LogRecord,
      LogRecord,
      LogRecord,
      LogRecord,
    ];
    expect(apply(state, [second, first, third, second, first, third, fifth])).toEqual([
      'gap',
      'applied',
      'gap',
      'applied',
      'duplicate',
      'applied',
      'gap',
    ]);
    expect(state.position.revision).toBe(3);
  });

  it('recognises other content at a known revision, and a record that does not follow', () => {
    const writer = new LogWriter();
    const second = writer.write(flag('a', '1'));
    const state = folded(writer);
    const before = state.digest;
    expect(state.apply(jsonCodec.encodeRecord({ ...second, comment: 'other' })).kind).toBe('diverged');
    const foreign = jsonCodec.encodeRecord(
      writer.fields({ prevHash: new Uint8Array(32), changes: [flag('a', '9')] }),
    );
    expect(state.apply(foreign).kind).toBe('diverged');
    expect(state.digest).toEqual(before);
    expect(state.position).toEqual(writer.position);
  });

  it('stays before a record for newer readers', () => {
    const writer = new LogWriter();
    const state = folded(writer);
    const record = writer.writeFields({ minReader: 2, changes: [flag('a', '1')] });
    expect(state.apply(record)).toEqual({ kind: 'frozen', minReader: 2 });
    expect(state.position.revision).toBe(1);
  });

  it('enters an epoch by its genesis, from its base only', () => {
    const writer = new LogWriter();
    writer.write(flag('a', '1'));
    const state = folded(writer);
    const behind = new LogState(jsonCodec);
    behind.apply(writer.records[0]!);
    const genesis = writer.startEpoch(2);
    const next = writer.write(flag('a', '2'));
    expect(apply(behind, [genesis])).toEqual(['gap']);
    expect(apply(state, [next, genesis, next])).toEqual(['gap', 'applied', 'applied']);
    expect(state.lineage.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(state.apply(writer.records[1]!).kind).toBe('outdated');
    const other = new LogWriter(new Uint8Array(32).fill(7));
    other.write(flag('a', 'x'));
    const foreign = other.startEpoch(3);
    expect(folded(writerAt(writer, 2)).apply(foreign)).toMatchObject({ kind: 'forked', revision: 3 });
  });

  it('expands the parts of an apply at the record that names them, and drops them', () => {
    const writer = new LogWriter();
    const content = encodeChanges([flag('a', 'staged'), flag('b', 'staged')]);
    const sha256 = jsonCodec.sha256(content);
    writer.write(changed(partId(sha256), content));
    const state = folded(writer);
    const before = state.digest;
    expect(text(state, 'a')).toBeUndefined();
    const outcome = state.apply(
      writer.writeFields({ parts: [{ sha256, size: content.length }], changes: [flag('b', 'own')] }),
    );
    expect(outcome.kind === 'applied' && outcome.changes.map(({ key }) => key)).toEqual(['a', 'b', 'b']);
    expect([text(state, 'a'), text(state, 'b')]).toEqual(['"staged"', '"own"']);
    expect(state.entity(entityKey(partId(sha256)))).toBeUndefined();
    expect(state.digest).not.toEqual(before);
    expect([...state.entities()].every(({ change }) => change.kind !== ENTITY_KIND.part)).toBe(true);
  });

  it('refuses a record whose part is missing or is not what its hash says', () => {
    const writer = new LogWriter();
    const content = encodeChanges([flag('a', 'staged')]);
    const sha256 = jsonCodec.sha256(content);
    const state = folded(writer);
    const missing = jsonCodec.encodeRecord(writer.fields({ parts: [{ sha256, size: 1 }] }));
    expect(state.apply(missing).kind).toBe('broken');
    const wrong = writer.write(changed(partId(sha256), encodeChanges([])));
    expect(state.apply(wrong).kind).toBe('applied');
    expect(state.apply(writer.writeFields({ parts: [{ sha256, size: 1 }] })).kind).toBe('broken');
    expect(state.position.revision).toBe(2);
  });

  it('refuses a record whose part is no list of changes', () => {
    const writer = new LogWriter();
    const content = Uint8Array.of(1, 2, 3);
    const sha256 = jsonCodec.sha256(content);
    writer.write(changed(partId(sha256), content));
    const state = folded(writer);
    const record = jsonCodec.encodeRecord(writer.fields({ parts: [{ sha256, size: 3 }] }));
    expect(state.apply(record)).toMatchObject({ kind: 'broken', detail: expect.stringContaining('no list') });
    expect(state.position.revision).toBe(2);
  });

  it('starts from a snapshot as if it had folded the log', () => {
    const writer = new LogWriter();
    for (let i = 0; i < 5; i++) writer.write(flag(`f${i % 3}`, String(i)));
    writer.write(flag('f0', null));
    const whole = folded(writer);
    const started = LogState.fromSnapshot(jsonCodec, snapshotOf(whole, writer));
    expect(started.digest).toEqual(whole.digest);
    expect(started.hashAt(2)).toEqual(whole.hashAt(2));
    expect(started.apply(writer.records[3]!).kind).toBe('duplicate');
    const next = writer.write(flag('f1', 'next'));
    expect([started.apply(next).kind, whole.apply(next).kind]).toEqual(['applied', 'applied']);
    expect(started.digest).toEqual(whole.digest);
  });

  it('remembers what was deleted for as long as told, and counts it in no digest', () => {
    const writer = new LogWriter();
    const state = new LogState(jsonCodec, { tombstoneRevisions: 3 });
    const tombstones = (): number[] =>
      [...state.entities()].filter(({ change }) => change.deleted).map(({ version }) => version);
    const next = (...changes: EntityChange[]): number[] => {
      expect(
        apply(state, [...writer.records.slice(state.position.revision), writer.write(...changes)]),
      ).not.toContain('gap');
      return tombstones();
    };
    next(flag('a', '1'), flag('b', '1'), flag('c', '1'), flag('d', '1'));
    expect(next(flag('a', null), flag('b', null), flag('c', null))).toEqual([3, 3, 3]);
    // One comes back, one is deleted again: neither goes with the rest.
    expect(next(flag('b', '2'), flag('c', null))).toEqual([3, 4]);
    const snapshot = snapshotOf(state, writer);
    expect(next(flag('d', '2'))).toEqual([3, 4]);
    const live = state.digest;
    expect(next()).toEqual([4]);
    expect(next()).toEqual([]);
    expect([state.digest, text(state, 'b'), text(state, 'd')]).toEqual([live, '"2"', '"2"']);
    expect(folded(writer).digest).toEqual(live);

    const started = LogState.fromSnapshot(jsonCodec, snapshot, { tombstoneRevisions: 3 });
    apply(started, writer.records.slice(4));
    expect([...started.entities()]).toEqual([...state.entities()]);
    const late = snapshotOf(folded(writer), writer);
    const small = LogState.fromSnapshot(jsonCodec, late, { tombstoneRevisions: 3 });
    expect([...small.entities()].map(({ change }) => change.key)).toEqual(['b', 'd']);
  });

  it('refuses a snapshot that does not add up', () => {
    const writer = new LogWriter();
    writer.write(flag('a', '1'));
    const snapshot = snapshotOf(folded(writer), writer);
    expect(() => LogState.fromSnapshot(jsonCodec, { ...snapshot, entities: [] })).toThrow('does not add up');
  });

  it('refuses a snapshot whose chain does not end at its position', () => {
    const writer = new LogWriter();
    writer.write(flag('a', '1'));
    const snapshot = snapshotOf(folded(writer), writer);
    for (const recentHashes of [[], snapshot.recentHashes.slice(0, -1)])
      expect(() => LogState.fromSnapshot(jsonCodec, { ...snapshot, recentHashes })).toThrow('does not end');
  });

  it('is at the origin before its first record', () => {
    const state = new LogState(jsonCodec);
    expect(state.position).toBe(ORIGIN);
    expect(state.logIdentity).toHaveLength(0);
  });
});

/** A writer whose log ends at a revision. */
function writerAt(writer: LogWriter, revision: number): LogWriter {
  const copy = new LogWriter();
  copy.records.splice(
    0,
    copy.records.length,
    ...writer.records.filter((record) => record.revision <= revision),
  );
  return copy;
}

import { recordCodec } from '@flagstream/protocol';
import { bytesEqual, type LogRecord, READER_VERSION } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { booleanFlag, PROJECT, Workbench } from '../workbench.fixture.ts';
import { ChangeLog } from './change-log.ts';
import { MemoryStore } from './memory-store.ts';
import { genesis, IDENTITY } from './record.fixture.ts';

const BY = { actor: { id: 'anna', kind: 'user' }, comment: 'the other one is gone' };

function shop(): Workbench {
  const bench = new Workbench();
  bench.apply(PROJECT);
  return bench;
}

const newest = (bench: Workbench): Uint8Array => bench.store.recordAt(bench.head.revision)!.bytes;

describe('ChangeLog.beginEpoch', () => {
  it('goes on with the same log after its head', () => {
    const bench = shop();
    const before = bench.head;
    let told = 0;
    bench.log.onCommit(() => {
      told += 1;
    });
    const begun = bench.log.beginEpoch(3, 'NATS lost the stream');
    expect(begun).toMatchObject({ epoch: 3, revision: before.revision + 1 });
    expect(told).toBe(1);
    const lineage = bench.store.lineage();
    expect(lineage).toHaveLength(2);
    expect(bytesEqual(lineage[0]!.baseHash, IDENTITY)).toBe(true);
    expect(bytesEqual(lineage[1]!.baseHash, before.hash)).toBe(true);
    bench.apply([booleanFlag('a')]);
    expect(bench.head).toMatchObject({ epoch: 3, revision: before.revision + 2 });
  });

  it('says who decided it, and why', () => {
    const bench = shop();
    bench.log.beginEpoch(2, 'taken over', BY);
    const record = recordCodec.decodeRecord(newest(bench));
    expect(record).toMatchObject({ kind: 'genesis', comment: BY.comment, genesis: { reason: 'taken over' } });
    expect(record.actor).toEqual(BY.actor);
  });

  it('is not kept out by refused writes', () => {
    const bench = shop();
    bench.log.setGate({ kind: 'refused', code: 'forked', detail: 'x' });
    expect(bench.log.beginEpoch(2, 'taken over', BY).epoch).toBe(2);
  });
});

describe('ChangeLog.beginEpoch of a restored file', () => {
  it('ends that it is one', () => {
    const store = new MemoryStore(recordCodec, { restored: true });
    store.fold(genesis());
    new ChangeLog({ store, codec: recordCodec, now: () => 1 }).beginEpoch(1001, 'restored from a backup');
    expect(store.restoredMark()).toBe(false);
  });
});

describe('ChangeLog.foldForeign', () => {
  /** Two that hold the same log; what `writer` commits from now on, `reader` lacks. */
  function pair(): { readonly writer: Workbench; readonly reader: Workbench } {
    return { writer: shop(), reader: shop() };
  }

  it('takes in what continues the head, held or not, across an epoch', () => {
    const { writer, reader } = pair();
    reader.log.setGate({ kind: 'held', detail: 'x' });
    writer.apply([booleanFlag('a')]);
    expect(reader.log.foldForeign(newest(writer))).toBe(true);
    writer.log.beginEpoch(2, 'NATS lost the stream');
    expect(reader.log.foldForeign(newest(writer))).toBe(true);
    writer.apply([booleanFlag('b')]);
    expect(reader.log.foldForeign(newest(writer))).toBe(true);
    expect(reader.fingerprint()).toBe(writer.fingerprint());
    expect(reader.store.lineage().map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it.each<[string, (writer: Workbench, reader: Workbench) => void]>([
    ['one that comes too early', (writer) => void writer.apply([booleanFlag('a')])],
    ['one of another branch', (_, reader) => void reader.apply([booleanFlag('c')])],
    ['a later epoch without its GENESIS', (writer) => void writer.log.beginEpoch(2, 'x')],
  ])('leaves out %s', (_, prepare) => {
    const { writer, reader } = pair();
    prepare(writer, reader);
    writer.apply([booleanFlag('b')]);
    const before = reader.fingerprint();
    expect(reader.log.foldForeign(newest(writer))).toBe(false);
    expect(reader.fingerprint()).toBe(before);
  });

  it.each<[string, (sound: LogRecord) => Partial<LogRecord>]>([
    ['of another kind', () => ({ kind: 'change' })],
    ['whose lineage ends with another epoch', (sound) => ({ genesis: { ...sound.genesis!, lineage: [] } })],
    ['of the epoch that there is', () => ({ epoch: 1 })],
  ])('leaves out a GENESIS %s', (_, malform) => {
    const { writer, reader } = pair();
    writer.log.beginEpoch(2, 'x');
    const sound = recordCodec.decodeRecord(newest(writer));
    const malformed = recordCodec.encodeRecord({ ...sound, ...malform(sound) });
    expect(reader.log.foldForeign(malformed.bytes)).toBe(false);
    expect(reader.log.foldForeign(newest(writer))).toBe(true);
  });

  it('leaves what a newer release wrote to the one that can judge it', () => {
    const { writer, reader } = pair();
    writer.log.beginEpoch(2, 'x');
    const sound = recordCodec.decodeRecord(newest(writer));
    const later = recordCodec.encodeRecord({ ...sound, kind: 'change', minReader: READER_VERSION + 1 });
    expect(() => reader.log.foldForeign(later.bytes)).toThrow(
      expect.objectContaining({ reason: 'SCHEMA_TOO_NEW' }),
    );
  });

  it('leaves out what is no record', () => {
    const { reader } = pair();
    expect(reader.log.foldForeign(Buffer.from('not a record'))).toBe(false);
    expect(reader.log.foldForeign(new Uint8Array(0))).toBe(false);
  });
});

describe('ChangeLog, writes that are not taken', () => {
  it.each([
    [{ kind: 'held', detail: 'wait' }, 'WRITES_HELD', true],
    [{ kind: 'refused', code: 'forked', detail: 'wait' }, 'LOG_FORKED', false],
    [{ kind: 'refused', code: 'gap', detail: 'wait' }, 'REVISIONS_MISSING', false],
    [{ kind: 'refused', code: 'too-new', detail: 'wait' }, 'SCHEMA_TOO_NEW', false],
  ] as const)('%o', (gate, reason, retryable) => {
    const bench = shop();
    bench.log.setGate(gate);
    const before = bench.fingerprint();
    expect(() => bench.apply([booleanFlag('a')])).toThrow(
      expect.objectContaining({ reason, retryable, message: 'wait' }),
    );
    expect(bench.fingerprint()).toBe(before);
    expect(bench.log.writesStopped).toBe('wait');
    bench.log.setGate({ kind: 'open' });
    bench.apply([booleanFlag('a')]);
    expect(bench.log.writesStopped).toBeUndefined();
  });

  it('stay refused for a reason that is not shipping’s, whatever shipping allows', () => {
    const bench = shop();
    bench.log.refuseWrites('a page of the file is damaged', 'LOG_CORRUPT');
    bench.log.setGate({ kind: 'open' });
    expect(() => bench.apply([booleanFlag('a')])).toThrow(expect.objectContaining({ reason: 'LOG_CORRUPT' }));
  });
});

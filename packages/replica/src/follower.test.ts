import { describe, expect, it } from 'vitest';
import { Follower, type FollowerEffect, type FollowerEvent } from './follower.ts';
import { flag, jsonCodec, LogWriter } from './log.fixture.ts';
import { LogState } from './log-state.ts';
import type { Snapshot } from './seams.ts';

const SETTINGS = { lagToleranceMs: 1_500, retryMs: 1_000 };

class Bench {
  readonly writer: LogWriter;
  readonly follower = new Follower(jsonCodec, SETTINGS);
  nowMs = 10_000;

  constructor(identity?: Uint8Array) {
    this.writer = new LogWriter(identity);
  }

  handle(event: FollowerEvent): readonly FollowerEffect[] {
    return this.follower.handle(event, this.nowMs);
  }

  /** Types of the effects. */
  kinds(event: FollowerEvent): string[] {
    return this.handle(event).map((effect) =>
      effect.type === 'alarm' ? `alarm:${effect.code}` : effect.type,
    );
  }

  records(...revisions: number[]): FollowerEvent {
    return {
      type: 'records',
      records: revisions.map((revision) => this.writer.records[revision - 1]!.bytes),
    };
  }

  head(): FollowerEvent {
    return { type: 'head', beacon: this.writer.beacon() };
  }

  snapshot(): Snapshot {
    const state = new LogState(jsonCodec);
    for (const record of this.writer.records) state.apply(record);
    return {
      position: state.position,
      lineage: state.lineage,
      stateDigest: state.digest,
      entities: [...state.entities()],
      recentHashes: this.writer.records.map(({ hash }) => hash),
    };
  }
}

function bench(changes: number): Bench {
  const made = new Bench();
  for (let i = 0; i < changes; i++) made.writer.write(flag('a', String(i)));
  made.handle({ type: 'status', status: { kind: 'live' } });
  return made;
}

describe('Follower', () => {
  it('applies records in order', () => {
    const b = bench(2);
    expect(b.kinds(b.records(1, 2, 3))).toEqual(['applied', 'applied', 'applied']);
    expect(b.kinds(b.records(2, 3))).toEqual([]);
    expect(b.follower.counters.duplicates).toBe(2);
  });

  it('reads again at a gap, not more often than the pause allows', () => {
    const b = bench(4);
    b.handle(b.records(1));
    expect(b.handle(b.records(3, 4))).toMatchObject([{ type: 'reopen', after: { revision: 1 } }]);
    expect(b.kinds(b.records(4))).toEqual([]);
    b.nowMs += SETTINGS.retryMs;
    expect(b.kinds(b.records(5))).toEqual(['reopen']);
  });

  it('reads again when it stays behind a head', () => {
    const b = bench(2);
    b.handle(b.records(1));
    expect(b.kinds(b.head())).toEqual([]);
    b.nowMs += SETTINGS.lagToleranceMs;
    expect(b.kinds({ type: 'tick' })).toEqual(['reopen']);
    expect(b.kinds({ type: 'tick' })).toEqual([]);
    b.handle(b.records(2, 3));
    b.nowMs += SETTINGS.lagToleranceMs + SETTINGS.retryMs;
    expect(b.kinds({ type: 'tick' })).toEqual([]);
  });

  it('fetches a snapshot when it diverged, serves until then, and tries again after a failure', () => {
    const b = bench(2);
    b.handle(b.records(1, 2, 3));
    const forged = jsonCodec.encodeRecord({ ...b.writer.records[2]!, comment: 'forged' });
    expect(b.kinds({ type: 'records', records: [forged.bytes] })).toEqual([
      'alarm:diverged',
      'fetch-snapshot',
    ]);
    expect(b.follower.state.position.revision).toBe(3);
    expect(b.follower.freshness(b.nowMs).source).toBe('diverged');
    expect(b.kinds({ type: 'tick' })).toEqual([]);
    expect(b.kinds({ type: 'snapshot-failed', detail: 'nobody' })).toEqual(['alarm:snapshot-failed']);
    b.nowMs += SETTINGS.retryMs;
    expect(b.kinds({ type: 'tick' })).toEqual(['fetch-snapshot']);
    expect(b.kinds({ type: 'snapshot', snapshot: b.snapshot() })).toEqual(['replaced', 'reopen']);
    expect(b.follower.freshness(b.nowMs).source).toBe('live');
  });

  it('recognises by a head that its own record is another one', () => {
    const b = bench(1);
    b.handle(b.records(1, 2));
    const beacon = { ...b.writer.beacon(), headHash: new Uint8Array(32) };
    expect(b.kinds({ type: 'head', beacon })).toEqual(['alarm:diverged', 'fetch-snapshot']);
  });

  it('recognises a log that began anew by a head below its own revision, and takes it over', () => {
    const b = bench(3);
    b.handle(b.records(1, 2, 3, 4));
    const lateHead = { ...b.writer.beacon(), headRevision: 2, headHash: b.writer.records[1]!.hash };
    expect(b.kinds({ type: 'head', beacon: lateHead })).toEqual([]);
    const anew = new Bench(new Uint8Array(32).fill(7));
    expect(b.kinds(anew.head())).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.follower.freshness(b.nowMs).source).toBe('diverged');
    expect(b.kinds({ type: 'snapshot', snapshot: anew.snapshot() })).toEqual(['replaced', 'reopen']);
    expect(b.follower.state.position).toEqual(anew.writer.position);
  });

  it('takes the snapshot of another log, with an alarm, where a source knows its revision no more', () => {
    const b = bench(3);
    b.handle(b.records(1, 2, 3, 4));
    b.handle({ type: 'status', status: { kind: 'behind', firstRevision: 0, detail: 'not of this log' } });
    expect(b.follower.freshness(b.nowMs).source).toBe('stale-cache');
    const anew = new Bench(new Uint8Array(32).fill(7));
    const snapshot = anew.snapshot();
    expect(b.kinds({ type: 'snapshot', snapshot })).toEqual(['alarm:diverged', 'replaced', 'reopen']);
    expect(b.follower.counters.diverged).toBe(1);
    expect(b.follower.state.position).toEqual(anew.writer.position);
  });

  it('takes a branch of its own log likewise', () => {
    const b = bench(2);
    const before = bench(1);
    before.writer.writeFields({ changes: [flag('a', 'branch')], comment: 'branch' });
    b.handle(b.records(1, 2, 3));
    b.handle({ type: 'status', status: { kind: 'behind', firstRevision: 0, detail: '' } });
    const snapshot = { ...before.snapshot(), lineage: b.follower.state.lineage };
    expect(b.kinds({ type: 'snapshot', snapshot })).toEqual(['alarm:diverged', 'replaced', 'reopen']);
  });

  it('fetches a snapshot when the source no longer has what comes next', () => {
    const b = bench(3);
    const behind = { kind: 'behind', firstRevision: 3, detail: 'gone' } as const;
    expect(b.kinds({ type: 'status', status: behind })).toEqual(['fetch-snapshot']);
    b.handle({ type: 'snapshot', snapshot: b.snapshot() });
    expect(b.follower.state.position).toEqual(b.writer.position);
  });

  it('does not go back to an older snapshot', () => {
    const b = bench(1);
    const old = b.snapshot();
    b.writer.write(flag('a', 'newer'));
    b.handle(b.records(1, 2, 3));
    b.handle({ type: 'status', status: { kind: 'behind', firstRevision: 9, detail: '' } });
    expect(b.kinds({ type: 'snapshot', snapshot: old })).toEqual(['reopen']);
    expect(b.follower.state.position.revision).toBe(3);
  });

  it('refuses a snapshot that does not add up', () => {
    const b = bench(1);
    b.handle({ type: 'status', status: { kind: 'behind', firstRevision: 2, detail: '' } });
    const broken = { ...b.snapshot(), stateDigest: new Uint8Array(16) };
    expect(b.kinds({ type: 'snapshot', snapshot: broken })).toEqual(['alarm:snapshot-failed']);
    expect(b.follower.state.position.revision).toBe(0);
  });

  it('freezes before what it cannot read, once', () => {
    const b = bench(0);
    b.handle(b.records(1));
    b.writer.writeFields({ minReader: 9, changes: [flag('a', '1')] });
    expect(b.kinds(b.records(2))).toEqual(['alarm:frozen']);
    expect(b.kinds(b.records(2))).toEqual([]);
    b.handle(b.head());
    b.nowMs += 10_000;
    expect(b.kinds({ type: 'tick' })).toEqual([]);
    expect(b.follower.freshness(b.nowMs).source).toBe('frozen');
  });

  it('raises an alarm for bytes that are no record', () => {
    const b = bench(0);
    expect(b.kinds({ type: 'records', records: [new Uint8Array([1])] })).toEqual(['alarm:undecodable']);
  });

  it('is as fresh as the head that it has reached, not as the records', () => {
    const b = bench(1);
    expect(b.follower.freshness(b.nowMs).stalenessMs).toBe(0xffff_ffff);
    b.handle(b.head());
    expect(b.follower.freshness(b.nowMs).stalenessMs).toBe(0xffff_ffff);
    b.nowMs += 400;
    b.handle(b.records(1, 2));
    expect(b.follower.freshness(b.nowMs)).toEqual({ stalenessMs: 400, estimated: true, source: 'live' });
    b.nowMs += 100;
    b.handle(b.records(2));
    expect(b.follower.freshness(b.nowMs).stalenessMs).toBe(500);
    b.handle({ type: 'status', status: { kind: 'down', detail: '' } });
    expect(b.follower.freshness(b.nowMs).source).toBe('stale-cache');
  });
});

import { describe, expect, it } from 'vitest';
import { applied, Bench, behind, bench, OTHER_LOG, SETTINGS, SINCE_NEVER } from './follower.fixture.ts';
import type { FollowerEvent } from './follower-events.ts';
import { flag, jsonCodec } from './log.fixture.ts';
import { LogState } from './log-state.ts';

describe('a start', () => {
  it('with nothing takes a snapshot first, and reads on from there', () => {
    const b = bench(3);
    expect(b.kinds({ type: 'start' })).toEqual(['ask-head', 'fetch-snapshot']);
    expect(b.handle(b.snapshot())).toMatchObject([
      { type: 'replaced', continues: true },
      { type: 'reopen', after: { revision: 4 } },
    ]);
  });

  it('without any snapshot reads the log from its beginning', () => {
    const b = bench(1);
    b.start({});
    b.handle({ type: 'start' });
    expect(b.handle({ type: 'snapshot-failed', detail: 'none yet' })).toMatchObject([
      { type: 'reopen', after: { revision: 0 } },
    ]);
    expect(b.after(60_000)).toEqual(['ask-head']);
  });

  it('with a snapshot that is damaged reads the log from its beginning as well, and says so', () => {
    const b = bench(1);
    b.start({});
    b.handle({ type: 'start' });
    const snapshot = { ...b.writer.snapshot(), stateDigest: new Uint8Array(16) };
    expect(b.handle({ type: 'snapshot', snapshot, origin: 'control-plane' })).toMatchObject([
      { type: 'alarm', code: 'snapshot-failed' },
      { type: 'reopen', after: { revision: 0 } },
    ]);
  });

  it('with the state of a disk reads on from it, and says what it stands on', () => {
    const b = bench(2);
    const state = new LogState(jsonCodec);
    for (const record of b.writer.records.slice(0, 2)) state.apply(record);
    b.start({ state });
    expect(b.handle({ type: 'start' })).toMatchObject([
      { type: 'reopen', after: { revision: 2 } },
      { type: 'ask-head' },
    ]);
    expect(b.source).toBe('stale-cache');
    expect(b.kinds(b.records(3))).toEqual(['applied']);
  });
});

describe('there is a whole state to serve', () => {
  const ready = (b: Bench): boolean => b.follower.caughtUp(b.nowMs);

  it('once all that a head tells of is applied', () => {
    const b = bench(2);
    b.handle(b.head());
    expect(ready(b)).toBe(false);
    b.handle(b.records(1, 2));
    expect(ready(b)).toBe(false);
    b.handle(b.records(3));
    expect(ready(b)).toBe(true);
  });

  it('without heads, once a source that delivers was quiet for a while', () => {
    const b = bench(2);
    expect(ready(b)).toBe(false);
    b.handle(b.records(1, 2));
    b.nowMs += SETTINGS.quietMs - 1;
    expect(ready(b)).toBe(false);
    b.handle(b.records(3));
    b.nowMs += SETTINGS.quietMs - 1;
    expect(ready(b)).toBe(false);
    b.nowMs += 1;
    expect(ready(b)).toBe(true);
    b.handle(behind);
    expect(ready(b)).toBe(false);
  });

  it('while a head stays ahead, once reading again brought nothing and the source still delivers', () => {
    const b = bench(3);
    b.handle({ type: 'start' });
    const old = b.snapshot();
    b.writer.write(flag('a', 'never delivered'));
    b.handle(b.head());
    b.handle(old);
    expect(b.after(0)).toEqual([]);
    for (let i = 0; i < SETTINGS.fruitlessReopensMax; i++) {
      expect(ready(b)).toBe(false);
      expect(b.after(SETTINGS.lagToleranceMs)).toContain('reopen');
      b.after(0);
    }
    expect(ready(b)).toBe(false);
    expect(b.after(SETTINGS.lagToleranceMs)).toContain('fetch-snapshot');
    // 6 s without anything: longer than a source may be quiet.
    expect(ready(b)).toBe(true);
    b.handle(old);
    expect(ready(b)).toBe(true);
    b.handle({ type: 'status', status: { kind: 'down', detail: '' } });
    expect(ready(b)).toBe(false);
    b.handle({ type: 'status', status: { kind: 'live' } });
    b.handle(b.records(5));
    expect(ready(b)).toBe(true);
    // What comes again is waited for again.
    b.writer.write(flag('a', 'more'));
    b.handle(b.head());
    b.nowMs += SETTINGS.quietMs;
    expect(ready(b)).toBe(false);
  });

  it('at once with that of a disk, whatever the head says', () => {
    const b = bench(2);
    const state = new LogState(jsonCodec);
    state.apply(b.writer.records[0]!);
    b.start({ state });
    b.handle(b.head());
    expect(ready(b)).toBe(true);
  });
});

describe('records', () => {
  it('are applied in order, and once', () => {
    const b = bench(2);
    expect(b.kinds(b.records(1, 2, 3))).toEqual(['applied', 'applied', 'applied']);
    expect(b.kinds(b.records(2, 3))).toEqual([]);
    expect(b.follower.counters.duplicates).toBe(2);
  });

  it('make it read again where some are missing, not more often than the pause allows', () => {
    const b = bench(4);
    b.handle(b.records(1));
    expect(b.handle(b.records(3, 4))).toMatchObject([{ type: 'reopen', after: { revision: 1 } }]);
    expect(b.kinds(b.records(4))).toEqual([]);
    b.nowMs += SETTINGS.retryMs;
    expect(b.kinds(b.records(5))).toEqual(['reopen']);
    expect(b.follower.counters).toMatchObject({ gaps: 3, reopens: 2 });
  });

  it('of an older epoch are passed over', () => {
    const b = applied(1);
    b.writer.startEpoch(2);
    expect(b.kinds(b.records(3, 2))).toEqual(['applied']);
    expect(b.follower.counters.outdated).toBe(1);
  });

  it('that are no records make it read again, and take a snapshot where that does not help', () => {
    const b = applied(1);
    const damaged: FollowerEvent = { type: 'records', records: [new Uint8Array([1])] };
    for (let i = 0; i < SETTINGS.fruitlessReopensMax; i++) {
      expect(b.kinds(damaged)).toEqual(['alarm:undecodable', 'reopen']);
      b.nowMs += SETTINGS.retryMs;
    }
    expect(b.kinds(damaged)).toEqual(['alarm:undecodable', 'fetch-snapshot']);
    b.writer.write(flag('a', 'past it'));
    expect(b.kinds(b.snapshot())).toEqual(['replaced', 'reopen']);
  });

  it('whose content is not what its hash says are not applied', () => {
    const b = applied(1);
    const before = b.follower.state.digest;
    const change = { ...flag('a', 'good'), content: new TextEncoder().encode('bad') };
    const record = jsonCodec.encodeRecord(b.writer.fields({ changes: [change] }));
    const event: FollowerEvent = { type: 'records', records: [record.bytes] };
    expect(b.kinds(event)).toEqual(['alarm:broken', 'fetch-snapshot']);
    expect(b.kinds(event)).toEqual([]);
    expect([b.revision, b.follower.state.digest]).toEqual([2, before]);
  });

  it('for newer readers freeze it, once; it goes on serving and asks for nothing', () => {
    const b = applied(0);
    b.writer.writeFields({ minReader: 9, changes: [flag('a', '1')] });
    expect(b.kinds(b.records(2))).toEqual(['alarm:frozen']);
    expect(b.kinds(b.records(2))).toEqual([]);
    b.handle(b.head());
    expect(b.after(10_000)).toEqual([]);
    expect(b.kinds(behind)).toEqual([]);
    expect(b.source).toBe('frozen');
  });

  it('that ended the process before are not applied, nor a snapshot that holds them', () => {
    const b = bench(3);
    b.start({ frozenBefore: { epoch: 1, revision: 3 } });
    b.handle({ type: 'start' });
    expect(b.kinds(b.snapshot())).toEqual(['alarm:frozen', 'reopen']);
    expect(b.kinds(b.records(1, 2, 3, 4))).toEqual(['applied', 'applied', 'alarm:frozen']);
    expect([b.revision, b.source]).toEqual([2, 'frozen']);
    expect(b.kinds(b.snapshot())).toEqual([]);
  });
});

describe('heads', () => {
  it('that stay ahead of what is delivered make it read again, then take a snapshot', () => {
    const b = applied(1);
    b.writer.write(flag('a', 'next'));
    expect(b.kinds(b.head())).toEqual([]);
    for (let i = 0; i < SETTINGS.fruitlessReopensMax; i++) {
      expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['reopen']);
      expect(b.after(0)).toEqual([]);
    }
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['fetch-snapshot']);
    expect(b.kinds(b.snapshot())).toEqual(['replaced', 'reopen']);
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual([]);
  });

  it('that stay ahead all the same make it read again ever more rarely, until something comes', () => {
    const b = applied(1);
    b.writer.write(flag('a', 'next'));
    b.handle(b.head());
    const reads: number[] = [];
    for (let second = 0; second < 60; second++) {
      const before = b.follower.counters.reopens;
      b.after(1_000);
      if (b.follower.counters.reopens > before) reads.push(b.nowMs);
    }
    const pauses = reads.slice(1).map((readMs, index) => readMs - reads[index]!);
    expect(Math.max(...pauses.slice(0, SETTINGS.fruitlessReopensMax))).toBeLessThanOrEqual(3_000);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(12_000);
    b.handle(b.records(3));
    b.writer.write(flag('a', 'and one more'));
    b.handle(b.head());
    expect(b.after(SETTINGS.lagToleranceMs)).toContain('reopen');
  });

  it('far ahead call for a snapshot at once', () => {
    const b = applied(1);
    b.follower = b.start({ state: b.follower.state });
    b.handle({ type: 'start' });
    const near = { headRevision: 2 + SETTINGS.replayMax };
    expect(b.kinds(b.head(near))).toEqual([]);
    expect(b.kinds(b.head({ headRevision: near.headRevision + 1 }))).toEqual(['fetch-snapshot']);
  });

  /** A head is three revisions on, which is too far; nothing of it was delivered. */
  function far(): Bench {
    const b = applied(1);
    b.start({ state: b.follower.state, settings: { ...SETTINGS, replayMax: 2 } });
    b.handle({ type: 'status', status: { kind: 'live' } });
    b.handle({ type: 'start' });
    for (let i = 0; i < 3; i++) b.writer.write(flag('a', `far ${i}`));
    expect(b.kinds(b.head())).toEqual(['fetch-snapshot']);
    return b;
  }
  const failed: FollowerEvent = { type: 'snapshot-failed', detail: 'nobody answers' };

  it('far ahead, while there is no snapshot, make it read the source again until they are reached', () => {
    const b = far();
    b.handle(failed);
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['fetch-snapshot', 'reopen']);
    expect(b.kinds(b.records(3, 4))).toEqual(['applied', 'applied']);
    b.handle(failed);
    expect(b.after(SETTINGS.retryMs)).toEqual(['fetch-snapshot']);
    b.handle(failed);
    expect(b.kinds(b.records(5))).toEqual(['applied']);
    expect(b.after(SETTINGS.snapshotRetryMaxMs)).toEqual(['ask-head']);
  });

  it('that are reached do not end the wish for a snapshot that settles a doubt', () => {
    const b = far();
    const { hash } = b.writer.records[1]!;
    const digest = { headRevision: 2, headHash: hash, stateDigest: new Uint8Array(16).fill(1) };
    expect(b.kinds(b.head(digest))).toEqual(['alarm:diverged']);
    b.handle(failed);
    b.handle(b.records(3, 4, 5));
    expect(b.after(SETTINGS.snapshotRetryMaxMs)).toContain('fetch-snapshot');
  });

  it('of a higher epoch are the order to move, each time one is heard', () => {
    const b = applied(1);
    const genesis = b.writer.startEpoch(2);
    b.handle(b.head());
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['reopen']);
    b.nowMs += SETTINGS.lagToleranceMs;
    b.handle(b.head());
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['reopen']);
    expect(b.kinds({ type: 'records', records: [genesis.bytes] })).toEqual(['applied']);
    expect(b.follower.state.position.epoch).toBe(2);
    b.handle(b.head());
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual([]);
  });

  it('that name another record at a known revision are a divergence', () => {
    const b = applied(1);
    expect(b.kinds(b.head({ headHash: new Uint8Array(32) }))).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.source).toBe('diverged');
  });

  it('with another digest of the same revision are a divergence that the next record does not cure', () => {
    const b = applied(1);
    const digest = { stateDigest: new Uint8Array(16).fill(1) };
    expect(b.kinds(b.head(digest))).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.kinds(b.head(digest))).toEqual([]);
    const old = b.writer.snapshot();
    b.writer.write(flag('a', 'next'));
    expect(b.kinds(b.records(3))).toEqual(['applied']);
    expect(b.source).toBe('diverged');
    expect(b.handle({ type: 'snapshot', snapshot: old, origin: 'control-plane' })).toMatchObject([
      { type: 'replaced' },
      { type: 'reopen', after: { revision: 2 } },
    ]);
    expect(b.kinds(b.records(3))).toEqual(['applied']);
    expect(b.source).toBe('live');
  });

  it('of a second control plane are not heard while the first one speaks, and counted once it speaks on', () => {
    const b = applied(2);
    b.handle(b.head());
    const stranger = b.head({ bootId: 'copy', headHash: new Uint8Array(32) });
    b.nowMs += SETTINGS.speakerSilenceMs - 1;
    expect(b.kinds(stranger)).toEqual([]);
    expect(b.follower.counters.strangers).toBe(0);
    b.handle(b.head());
    expect(b.follower.counters.strangers).toBe(1);
    b.nowMs += SETTINGS.speakerSilenceMs;
    expect(b.kinds(stranger)).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.follower.counters.strangers).toBe(1);
  });

  it('of a control plane that was started again count for no second one', () => {
    const b = applied(2);
    b.handle(b.head());
    const restarted = b.head({ bootId: 'next' });
    for (let beats = 0; beats < 6; beats += 1) {
      b.nowMs += SETTINGS.speakerSilenceMs / 4;
      b.handle(restarted);
    }
    expect(b.follower.head?.bootId).toBe('next');
    expect(b.follower.counters.strangers).toBe(0);
  });

  it('that come late do not take back what a newer one said', () => {
    const b = applied(2);
    const late = b.head();
    b.writer.write(flag('a', 'next'));
    b.handle(b.head());
    b.handle(late);
    expect(b.follower.head?.headRevision).toBe(4);
    expect(b.after(SETTINGS.lagToleranceMs)).toEqual(['reopen']);
  });

  it('too far below to be compared call for a snapshot that can be', () => {
    const b = applied(0);
    const state = LogState.fromSnapshot(jsonCodec, {
      ...b.writer.snapshot(),
      position: { ...b.writer.position, revision: 20_000 },
    });
    b.start({ state });
    expect(b.kinds(b.head())).toEqual(['fetch-snapshot']);
    expect(b.stalenessMs).toBe(SINCE_NEVER);
    const anew = new Bench(OTHER_LOG);
    expect(b.kinds(anew.snapshot())).toEqual(['alarm:diverged', 'replaced', 'reopen']);
  });
});

describe('freshness', () => {
  const answer = (b: Bench, askedMs: number): FollowerEvent => ({
    type: 'head-answer',
    beacon: b.writer.beacon(),
    askedMs,
  });

  it('is a true bound from the moment of asking, once the answer is reached', () => {
    const b = applied(1);
    b.follower = b.start({ state: b.follower.state });
    b.handle({ type: 'status', status: { kind: 'live' } });
    const [, ask] = b.handle({ type: 'start' });
    expect(ask).toEqual({ type: 'ask-head', askedMs: b.nowMs });
    expect(b.stalenessMs).toBe(SINCE_NEVER);
    const askedMs = b.nowMs;
    b.nowMs += 30;
    b.handle(answer(b, askedMs));
    expect(b.follower.freshness(b.nowMs)).toEqual({ stalenessMs: 30, estimated: false, source: 'live' });
    b.writer.write(flag('a', 'next'));
    b.nowMs += 970;
    b.handle(answer(b, b.nowMs - 10));
    expect(b.stalenessMs).toBe(1_000);
    b.nowMs += 5;
    b.handle(b.records(3));
    expect(b.follower.freshness(b.nowMs)).toEqual({ stalenessMs: 15, estimated: false, source: 'live' });
  });

  it('asks each period, again after a refusal, and again when an answer is lost', () => {
    const b = applied(0);
    expect(b.kinds({ type: 'start' })).toEqual(['reopen', 'ask-head']);
    expect(b.after(SETTINGS.askMs)).toEqual([]);
    expect(b.kinds(answer(b, b.nowMs - SETTINGS.askMs))).toEqual(['ask-head']);
    expect(b.kinds({ type: 'head-failed' })).toEqual([]);
    expect(b.after(SETTINGS.askMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual(['ask-head']);
    expect(b.after(5 * SETTINGS.askMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual(['ask-head']);
  });

  it('is estimated from heads that come by themselves, when nobody answers', () => {
    const b = applied(1);
    b.handle(b.head());
    b.nowMs += 400;
    expect(b.follower.freshness(b.nowMs)).toEqual({ stalenessMs: 400, estimated: true, source: 'live' });
    b.handle(answer(b, b.nowMs - 100));
    expect(b.follower.freshness(b.nowMs)).toMatchObject({ stalenessMs: 100, estimated: false });
    b.nowMs += 2_900;
    b.handle(b.head());
    expect(b.follower.freshness(b.nowMs)).toMatchObject({ stalenessMs: 3_000, estimated: false });
    b.nowMs += 10;
    b.handle(b.head());
    expect(b.follower.freshness(b.nowMs)).toMatchObject({ stalenessMs: 0, estimated: true });
  });

  it('grows while a head is not reached, and while the state is in doubt', () => {
    const b = applied(1);
    b.handle(b.head());
    b.writer.write(flag('a', 'next'));
    b.nowMs += 500;
    b.handle(b.head());
    expect(b.stalenessMs).toBe(500);
    b.handle(b.head({ headRevision: 2, headHash: new Uint8Array(32) }));
    expect(b.stalenessMs).toBe(SINCE_NEVER);
    b.handle(b.records(2));
    b.handle(b.head({ headRevision: 2, headHash: b.writer.records[1]!.hash }));
    expect(b.stalenessMs).toBe(SINCE_NEVER);
  });

  it('is not proven by a control plane that is behind, of an older epoch', () => {
    const b = applied(1);
    const old = b.writer.beacon();
    b.writer.startEpoch(2);
    b.handle(b.records(3));
    b.handle({ type: 'head', beacon: old });
    expect(b.stalenessMs).toBe(SINCE_NEVER);
  });

  it('says where answers come from', () => {
    const b = applied(0);
    expect(b.source).toBe('live');
    b.handle({ type: 'status', status: { kind: 'down', detail: '' } });
    expect(b.source).toBe('stale-cache');
  });
});

import { describe, expect, it } from 'vitest';
import {
  FOLLOWER_SETTINGS,
  Follower,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerParts,
} from './follower.ts';
import { flag, jsonCodec, LogWriter } from './log.fixture.ts';
import { LogState } from './log-state.ts';
import type { HeadBeacon } from './seams.ts';

const SETTINGS = FOLLOWER_SETTINGS;
const SINCE_NEVER = 0xffff_ffff;
const OTHER_LOG = new Uint8Array(32).fill(7);

class Bench {
  readonly writer: LogWriter;
  follower: Follower;
  nowMs = 10_000;

  constructor(identity?: Uint8Array) {
    this.writer = new LogWriter(identity);
    this.follower = this.start({});
  }

  /** A follower that starts again, with what it is given. */
  start(parts: Partial<FollowerParts>): Follower {
    this.follower = new Follower({ codec: jsonCodec, settings: SETTINGS, random: () => 0, ...parts });
    return this.follower;
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

  /** What is due once this much time has passed. */
  after(ms: number): string[] {
    this.nowMs += ms;
    return this.kinds({ type: 'tick' });
  }

  records(...revisions: number[]): FollowerEvent {
    return {
      type: 'records',
      records: revisions.map((revision) => this.writer.records[revision - 1]!.bytes),
    };
  }

  head(over: Partial<HeadBeacon> = {}): FollowerEvent {
    return { type: 'head', beacon: { ...this.writer.beacon(), ...over } };
  }

  snapshot(): FollowerEvent {
    return { type: 'snapshot', snapshot: this.writer.snapshot() };
  }

  get revision(): number {
    return this.follower.state.position.revision;
  }

  get source(): string {
    return this.follower.freshness(this.nowMs).source;
  }

  get stalenessMs(): number {
    return this.follower.freshness(this.nowMs).stalenessMs;
  }
}

/** A log with a GENESIS and some changes, none of them delivered. */
function bench(changes: number): Bench {
  const made = new Bench();
  for (let i = 0; i < changes; i++) made.writer.write(flag('a', String(i)));
  made.handle({ type: 'status', status: { kind: 'live' } });
  return made;
}

/** The same, with everything applied. */
function applied(changes: number): Bench {
  const made = bench(changes);
  made.handle(made.records(...made.writer.records.map(({ revision }) => revision)));
  return made;
}

const behind: FollowerEvent = {
  type: 'status',
  status: { kind: 'behind', firstRevision: 9, detail: 'the window moved on' },
};

/** The record at a revision, saying something else. */
const forged = (b: Bench, revision: number): FollowerEvent => ({
  type: 'records',
  records: [jsonCodec.encodeRecord({ ...b.writer.records[revision - 1]!, comment: 'forged' }).bytes],
});

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
      { type: 'alarm', code: 'snapshot-failed' },
      { type: 'reopen', after: { revision: 0 } },
    ]);
    expect(b.after(60_000)).toEqual(['ask-head']);
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

  it('far ahead call for a snapshot at once', () => {
    const b = applied(1);
    b.follower = b.start({ state: b.follower.state });
    b.handle({ type: 'start' });
    const near = { headRevision: 2 + SETTINGS.replayMax };
    expect(b.kinds(b.head(near))).toEqual([]);
    expect(b.kinds(b.head({ headRevision: near.headRevision + 1 }))).toEqual(['fetch-snapshot']);
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
    expect(b.handle({ type: 'snapshot', snapshot: old })).toMatchObject([
      { type: 'replaced' },
      { type: 'reopen', after: { revision: 2 } },
    ]);
    expect(b.kinds(b.records(3))).toEqual(['applied']);
    expect(b.source).toBe('live');
  });

  it('of a second control plane are counted and not heard while the first one speaks', () => {
    const b = applied(2);
    b.handle(b.head());
    const stranger = b.head({ bootId: 'copy', headHash: new Uint8Array(32) });
    b.nowMs += SETTINGS.speakerSilenceMs - 1;
    expect(b.kinds(stranger)).toEqual([]);
    expect(b.follower.counters.strangers).toBe(1);
    b.nowMs += 1;
    expect(b.kinds(stranger)).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.follower.counters.strangers).toBe(1);
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

describe('a divergence', () => {
  it('is served over, told once, and decided by a snapshot that is fetched until there is one', () => {
    const b = applied(2);
    expect(b.kinds(forged(b, 3))).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.kinds(forged(b, 2))).toEqual([]);
    expect([b.revision, b.source]).toEqual([3, 'diverged']);
    expect(b.kinds({ type: 'snapshot-failed', detail: 'nobody' })).toEqual(['alarm:snapshot-failed']);
    expect(b.after(SETTINGS.retryMs)).toEqual(['fetch-snapshot']);
    b.writer.write(flag('a', 'next'));
    expect(b.kinds(b.snapshot())).toEqual(['replaced', 'reopen']);
    expect([b.revision, b.source]).toEqual([4, 'live']);
    expect(b.follower.counters).toMatchObject({ diverged: 1, snapshots: 1 });
  });

  it('is settled by a snapshot that says what was applied: nothing is replaced', () => {
    const b = applied(2);
    b.handle(forged(b, 3));
    expect(b.kinds(b.snapshot())).toEqual([]);
    expect(b.source).toBe('live');
  });

  it('is settled by the log going on from what was applied', () => {
    const b = applied(2);
    b.handle(forged(b, 3));
    b.writer.write(flag('a', 'next'));
    expect(b.kinds(b.records(4))).toEqual(['applied']);
    expect(b.source).toBe('live');
  });

  it('is not decided by a snapshot that ends before it', () => {
    const b = applied(1);
    const old = b.writer.snapshot();
    b.writer.write(flag('a', 'next'));
    b.handle(b.records(3));
    b.handle(forged(b, 3));
    expect(b.kinds({ type: 'snapshot', snapshot: old })).toEqual([]);
    expect([b.revision, b.source]).toEqual([3, 'diverged']);
    expect(b.after(SETTINGS.retryMs)).toEqual(['fetch-snapshot']);
  });

  it('lets a shorter branch win, which the snapshot proves', () => {
    const b = applied(3);
    const branch = new Bench();
    branch.writer.writeFields({ changes: [flag('a', 'branch')], comment: 'branch' });
    b.handle({ type: 'head', beacon: branch.writer.beacon() });
    expect(b.source).toBe('diverged');
    expect(b.handle(branch.snapshot())).toMatchObject([
      { type: 'replaced', continues: false },
      { type: 'reopen' },
    ]);
    expect(b.follower.state.position).toEqual(branch.writer.position);
  });

  it('shows in a head below the own revision where a log began anew', () => {
    const b = applied(3);
    expect(b.kinds(b.head({ headRevision: 2, headHash: b.writer.records[1]!.hash }))).toEqual([]);
    b.nowMs += SETTINGS.speakerSilenceMs;
    const anew = new Bench(OTHER_LOG);
    expect(b.kinds(anew.head({ bootId: 'anew' }))).toEqual(['alarm:diverged', 'fetch-snapshot']);
    expect(b.kinds(anew.snapshot())).toEqual(['replaced', 'reopen']);
    expect(b.follower.state.position).toEqual(anew.writer.position);
  });

  it('shows in a snapshot where the source knows the own revision no more', () => {
    const b = applied(3);
    b.handle(behind);
    expect(b.source).toBe('stale-cache');
    expect(b.handle(new Bench(OTHER_LOG).snapshot())).toMatchObject([
      { type: 'alarm', code: 'diverged' },
      { type: 'replaced', continues: false },
      { type: 'reopen' },
    ]);
    expect(b.follower.counters.diverged).toBe(1);
  });
});

describe('a new epoch', () => {
  it('that continues exactly the own position is entered without a word', () => {
    const b = applied(2);
    b.writer.startEpoch(2);
    b.writer.write(flag('a', 'in 2'));
    expect(b.kinds(b.records(4, 5))).toEqual(['applied', 'applied']);
    expect(b.source).toBe('live');
  });

  it('that continues an earlier revision withdraws what came after: a fork, and a snapshot', () => {
    const b = applied(3);
    const restored = new Bench();
    restored.writer.write(flag('a', '0'));
    const genesis = restored.writer.startEpoch(2);
    expect(b.kinds({ type: 'records', records: [genesis.bytes] })).toEqual([
      'alarm:forked',
      'fetch-snapshot',
    ]);
    expect([b.revision, b.source]).toEqual([4, 'diverged']);
    expect(b.handle(restored.snapshot())).toMatchObject([
      { type: 'replaced', continues: false },
      { type: 'reopen' },
    ]);
    expect(b.follower.state.position).toEqual(restored.writer.position);
    expect(b.follower.counters).toMatchObject({ forked: 1, diverged: 0 });
    expect(b.follower.state.standing(b.writer.position)).toBe('foreign');
  });

  it('is entered by a snapshot, and told as a fork where it does not hold the own revision', () => {
    const b = applied(1);
    const restored = new Bench();
    restored.writer.startEpoch(2);
    restored.writer.write(flag('a', 'other'));
    b.handle(behind);
    expect(b.kinds(restored.snapshot())).toEqual(['alarm:forked', 'replaced', 'reopen']);
    b.writer.startEpoch(2);
    const whole = applied(1);
    whole.handle(behind);
    expect(whole.handle(b.snapshot())).toMatchObject([
      { type: 'replaced', continues: true },
      { type: 'reopen' },
    ]);
  });

  it('is never left for an older one', () => {
    const b = applied(1);
    const old = b.snapshot();
    b.writer.startEpoch(2);
    b.handle(b.records(3));
    b.handle(behind);
    expect(b.kinds(old)).toEqual(['reopen']);
    expect(b.follower.state.position.epoch).toBe(2);
    b.handle(b.head({ headHash: new Uint8Array(32) }));
    expect(b.kinds(old)).toEqual([]);
    expect([b.follower.state.position.epoch, b.source]).toEqual([2, 'diverged']);
  });
});

describe('a snapshot', () => {
  it('is fetched when the source no longer has what comes next', () => {
    const b = bench(3);
    expect(b.kinds(behind)).toEqual(['fetch-snapshot']);
    b.handle(b.snapshot());
    expect(b.follower.state.position).toEqual(b.writer.position);
  });

  it('never takes it backwards', () => {
    const b = applied(1);
    const old = b.snapshot();
    b.writer.write(flag('a', 'newer'));
    b.handle(b.records(3));
    b.handle(behind);
    expect(b.kinds(old)).toEqual(['reopen']);
    expect(b.revision).toBe(3);
  });

  it.each([
    ['its digest', { stateDigest: new Uint8Array(16) }],
    ['its chain', { recentHashes: [new Uint8Array(32)] }],
    ['a chain that is missing', { recentHashes: [] }],
    ['a content', { entities: [{ change: { ...flag('a', '0'), content: new Uint8Array(3) }, version: 2 }] }],
  ])('is refused for %s, and fetched again at growing intervals', (_, damage) => {
    const b = bench(1);
    b.follower = b.start({ random: () => 0.999_999 });
    b.handle(behind);
    const snapshot = { ...b.writer.snapshot(), ...damage };
    expect(b.kinds({ type: 'snapshot', snapshot })).toEqual(['alarm:snapshot-failed']);
    expect(b.revision).toBe(0);
    b.handle(behind);
    expect(b.after(3 * SETTINGS.retryMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual(['fetch-snapshot']);
    b.handle({ type: 'snapshot', snapshot });
    expect(b.after(3 * SETTINGS.retryMs)).toEqual([]);
    expect(b.after(SETTINGS.snapshotRetryMaxMs)).toEqual(['fetch-snapshot']);
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

// Two truths about one log: which one a follower serves, and when it takes the other.

import { describe, expect, it } from 'vitest';
import { applied, Bench, behind, bench, forged, OTHER_LOG, SETTINGS } from './follower.fixture.ts';
import { flag } from './log.fixture.ts';

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
    expect(b.kinds({ type: 'snapshot', snapshot: old, origin: 'control-plane' })).toEqual([]);
    expect([b.revision, b.source]).toEqual([3, 'diverged']);
    expect(b.after(SETTINGS.retryMs)).toEqual(['fetch-snapshot']);
  });

  it('is not decided by a shorter branch that lies in NATS: another writer may have left it', () => {
    const b = applied(3);
    const branch = new Bench();
    branch.writer.writeFields({ changes: [flag('a', 'branch')], comment: 'branch' });
    b.handle({ type: 'head', beacon: branch.writer.beacon() });
    expect(b.handle(branch.snapshot('nats'))).toEqual([]);
    expect([b.revision, b.source]).toEqual([4, 'diverged']);
    expect(b.after(SETTINGS.retryMs)).toEqual(['fetch-snapshot']);
    expect(b.kinds(branch.snapshot('control-plane'))).toEqual(['replaced', 'reopen']);
  });

  it('lets a shorter branch win, which the snapshot of the control plane itself proves', () => {
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

  it('is not shown by a shorter snapshot alone, which another writer may have left', () => {
    const b = applied(3);
    const branch = new Bench();
    branch.writer.writeFields({ changes: [flag('a', 'branch')], comment: 'branch' });
    expect(b.kinds(branch.snapshot())).toEqual([]);
    expect(b.follower.state.position).toEqual(b.writer.position);
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
    expect(b.kinds({ type: 'snapshot', snapshot, origin: 'control-plane' })).toEqual([
      'alarm:snapshot-failed',
    ]);
    expect(b.revision).toBe(0);
    b.handle(behind);
    expect(b.after(3 * SETTINGS.retryMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual(['fetch-snapshot']);
    b.handle({ type: 'snapshot', snapshot, origin: 'control-plane' });
    expect(b.after(3 * SETTINGS.retryMs)).toEqual([]);
    expect(b.after(SETTINGS.snapshotRetryMaxMs)).toEqual(['fetch-snapshot']);
  });
});

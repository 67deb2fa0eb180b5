import { describe, expect, it } from 'vitest';
import { ClientSet } from './client-set.ts';
import { StateDigest } from './digest.ts';
import type { VersionedEntity } from './entity.ts';
import { flag, jsonCodec } from './log.fixture.ts';
import type { Position } from './position.ts';
import type { Transfer } from './sync-frames.ts';

const { sha256 } = jsonCodec;
const LOG = new Uint8Array(32).fill(1);
const at = (revision: number, epoch = 1): Position => ({
  epoch,
  revision,
  hash: new Uint8Array(32).fill(revision),
});
const entity = (key: string, text: string, version: number): VersionedEntity => ({
  change: flag(key, text),
  version,
});
const digestOf = (...entities: VersionedEntity[]): Transfer['digest'] =>
  StateDigest.of(sha256, entities).halves;

const transfer = (over: Partial<Transfer>): Transfer => ({
  transferId: 1,
  kind: 'delta',
  from: undefined,
  to: at(2),
  put: [],
  remove: [],
  digest: { hi: 0n, lo: 0n },
  forked: false,
  ...over,
});

const a1 = entity('a', '1', 1);
const b1 = entity('b', '1', 1);
const a2 = entity('a', '2', 2);
const set = ClientSet.of(sha256, at(1), LOG, [a1, b1]);

describe('ClientSet', () => {
  it('takes a delta as a new set and stays as it is', () => {
    const outcome = set.stage(
      sha256,
      transfer({ put: [a2], remove: [b1.change], digest: digestOf(a2) }),
      LOG,
    );
    if (outcome.kind !== 'staged') throw new Error(outcome.detail);
    expect(outcome.set.have()).toEqual({ position: at(2), digest: digestOf(a2), logIdentity: LOG });
    expect(outcome.touched.map(({ key }) => key)).toEqual(['b', 'a']);
    expect([...set.entities()]).toEqual([a1, b1]);
    expect(set.have()?.digest).toEqual(digestOf(a1, b1));
  });

  it('starts over with a full transfer, and names what went', () => {
    const outcome = set.stage(sha256, transfer({ kind: 'full', put: [a2], digest: digestOf(a2) }), LOG);
    if (outcome.kind !== 'staged') throw new Error(outcome.detail);
    expect([...outcome.set.entities()]).toEqual([a2]);
    expect(new Set(outcome.touched.map(({ key }) => key))).toEqual(new Set(['a', 'b']));
  });

  it('refuses what does not add up', () => {
    const outcome = set.stage(sha256, transfer({ put: [a2], digest: digestOf(a2) }), LOG);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'digest-mismatch' });
  });

  it('refuses content that is not what its hash says, which the digest cannot know', () => {
    const damaged = { ...a2, change: { ...a2.change, content: a1.change.content } };
    const outcome = set.stage(sha256, transfer({ put: [damaged], digest: digestOf(damaged, b1) }), LOG);
    expect(outcome).toMatchObject({ kind: 'refused', detail: expect.stringContaining('3/p//a') });
  });

  it('never goes back inside a log, and starts over for another log', () => {
    const newer = ClientSet.of(sha256, at(5, 2), LOG, [a1]);
    const older = transfer({ kind: 'full', to: at(9, 1), put: [a1], digest: digestOf(a1) });
    expect(newer.stage(sha256, older, LOG)).toMatchObject({ kind: 'refused', code: 'epoch-regression' });
    expect(newer.stage(sha256, older, new Uint8Array(32))).toMatchObject({ kind: 'staged' });
  });

  it('takes a full transfer of the revision it is at: that is how a wrong set is mended', () => {
    const outcome = set.stage(
      sha256,
      transfer({ kind: 'full', to: at(1), put: [a1], digest: digestOf(a1) }),
      LOG,
    );
    expect(outcome.kind).toBe('staged');
  });

  it('moves on without a transfer', () => {
    expect(set.at(at(7)).have()).toMatchObject({ position: at(7), digest: digestOf(a1, b1) });
    expect(ClientSet.empty().have()).toBeUndefined();
    expect(set.entity(a1.change)).toBe(a1);
    expect(set.size).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import type { HeldLog } from './lineage.ts';
import type { EpochBase } from './record.ts';
import { type Reach, reached } from './revision-bound.ts';

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const NONE = new Uint8Array(0);

const base = (epoch: number, baseRevision: number): EpochBase => ({
  epoch,
  baseRevision,
  baseHash: hash(epoch),
  startedMs: 0,
  reason: '',
});

/** Epoch 4 at revision 50; 1 gave way at 20, 2 at 40; 3 was never on this lineage. */
const place: HeldLog = {
  position: { epoch: 4, revision: 50, hash: hash(50) },
  lineage: [base(1, 0), base(2, 20), base(4, 40)],
  hashAt: (revision) => (revision > 30 ? hash(revision) : undefined),
};

describe('reached', () => {
  it.each<[string, number, number, Uint8Array, Reach]>([
    ['the newest', 4, 50, NONE, 'reached'],
    ['the newest, by its hash', 4, 50, hash(50), 'reached'],
    ['the newest place with other content', 4, 50, hash(51), 'forked'],
    ['one that is not there yet', 4, 51, NONE, 'ahead'],
    ['one that is not there yet, by its hash', 4, 51, hash(9), 'ahead'],
    ['a newer epoch', 5, 1, NONE, 'ahead'],
    ['any epoch, below', 0, 50, NONE, 'reached'],
    ['any epoch, above', 0, 51, NONE, 'ahead'],
    ['any epoch, other content', 0, 45, hash(1), 'forked'],
    ['nothing in particular', 3, 0, NONE, 'reached'],
    ['the last of an older epoch', 2, 40, NONE, 'reached'],
    ['one that the next epoch withdrew', 2, 41, NONE, 'forked'],
    ['one that the next but one withdrew', 1, 21, NONE, 'forked'],
    ['an older epoch above the newest', 1, 99, NONE, 'forked'],
    ['the first of an epoch', 4, 41, NONE, 'reached'],
    ['one before its epoch began here', 4, 40, NONE, 'forked'],
    ['one before its older epoch began here', 2, 20, NONE, 'forked'],
    ['an epoch of another lineage', 3, 10, NONE, 'forked'],
    ['an older one whose hash is known', 2, 35, hash(35), 'reached'],
    ['an older one with other content', 2, 35, hash(36), 'forked'],
    ['one whose hash is long forgotten', 1, 7, hash(1), 'reached'],
  ])('answers %s', (_, epoch, revision, wantedHash, expected) => {
    expect(reached({ epoch, revision, hash: wantedHash }, place)).toBe(expected);
  });

  it('waits before the first record', () => {
    const empty: HeldLog = {
      position: { epoch: 0, revision: 0, hash: NONE },
      lineage: [],
      hashAt: () => undefined,
    };
    expect(reached({ epoch: 0, revision: 1, hash: NONE }, empty)).toBe('ahead');
    expect(reached({ epoch: 1, revision: 1, hash: NONE }, empty)).toBe('ahead');
  });
});

import { describe, expect, it } from 'vitest';
import { type HeldLog, type Standing, standing } from './lineage.ts';
import { ORIGIN, type Position } from './position.ts';
import type { EpochBase } from './record.ts';

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const at = (epoch: number, revision: number, byte = revision): Position => ({
  epoch,
  revision,
  hash: hash(byte),
});
const base = (epoch: number, baseRevision: number): EpochBase => ({
  epoch,
  baseRevision,
  baseHash: hash(baseRevision),
  startedMs: 0,
  reason: '',
});

/** Epoch 4 at revision 50; 1 gave way at 20, 2 at 40; 3 was never on this lineage. */
const held: HeldLog = {
  position: at(4, 50),
  lineage: [base(1, 0), base(2, 20), base(4, 40)],
  hashAt: (revision) => (revision > 10 && revision <= 50 ? hash(revision) : undefined),
};

describe('standing', () => {
  it.each<[string, Position, Standing]>([
    ['the position itself', at(4, 50), 'here'],
    ['the position with other content', at(4, 50, 9), 'foreign'],
    ['an earlier revision', at(4, 45), 'behind'],
    ['an earlier revision with other content', at(4, 45, 9), 'foreign'],
    ['a later revision', at(4, 51), 'ahead'],
    ['a later epoch, whatever its revision', at(5, 3), 'ahead'],
    ['the last of an older epoch', at(2, 40), 'behind'],
    ['what a later epoch withdrew', at(2, 41), 'foreign'],
    ['what a later epoch withdrew, beyond the position', at(1, 99), 'foreign'],
    ['an older epoch with other content', at(1, 15, 9), 'foreign'],
    ['one before its epoch began', at(2, 15), 'foreign'],
    ['an epoch of another lineage', at(3, 30), 'foreign'],
    ['what is forgotten', at(1, 7), 'unknown'],
  ])('of %s', (_, place, expected) => {
    expect(standing(held, place)).toBe(expected);
  });

  it('has everything ahead before the first record', () => {
    const empty: HeldLog = { position: ORIGIN, lineage: [], hashAt: () => undefined };
    expect(standing(empty, at(1, 1))).toBe('ahead');
    expect(standing(empty, ORIGIN)).toBe('here');
  });
});

import { describe, expect, it } from 'vitest';
import { logPlace } from './log-place.ts';

const whole = { epoch: 1, baseRevision: 0, firstSeq: 1, lastSeq: 10 };
const trimmed = { epoch: 1, baseRevision: 0, firstSeq: 5, lastSeq: 10 };
const second = { epoch: 2, baseRevision: 10, firstSeq: 1, lastSeq: 3 };

describe('logPlace', () => {
  it.each([
    ['the beginning', { epoch: 0, revision: 0 }, whole, 1],
    ['the middle', { epoch: 1, revision: 4 }, whole, 4],
    ['the end', { epoch: 1, revision: 10 }, whole, 10],
    ['beyond the end, as after a rewind', { epoch: 1, revision: 20 }, whole, 20],
    ['the oldest record that is left', { epoch: 1, revision: 4 }, trimmed, 5],
    ['the first record', { epoch: 1, revision: 1 }, whole, 1],
    ['the second epoch', { epoch: 2, revision: 12 }, second, 2],
    ['the end of the epoch before', { epoch: 1, revision: 10 }, second, 1],
    ['a branch that the new epoch left behind', { epoch: 1, revision: 12 }, second, 1],
  ])('tails from %s', (_, after, window, startSeq) => {
    expect(logPlace(after, window)).toEqual({ kind: 'tail', startSeq });
  });

  it.each([
    ['what fell out of the window', { epoch: 1, revision: 3 }, trimmed, 5],
    ['a fresh follower', { epoch: 0, revision: 0 }, trimmed, 5],
    ['a fresh follower of a second epoch', { epoch: 0, revision: 0 }, second, 11],
    ['the middle of the epoch before', { epoch: 1, revision: 9 }, second, 11],
    [
      'the epoch before, when the first records fell out',
      { epoch: 1, revision: 10 },
      { ...second, firstSeq: 2 },
      12,
    ],
    ['a revision before its own epoch', { epoch: 2, revision: 8 }, second, 11],
  ])('is behind for %s', (_, after, window, firstRevision) => {
    expect(logPlace(after, window)).toMatchObject({ kind: 'behind', firstRevision });
  });

  it('waits for the stream of an epoch that is already known', () => {
    expect(logPlace({ epoch: 3, revision: 20 }, second)).toMatchObject({ kind: 'wait' });
  });
});

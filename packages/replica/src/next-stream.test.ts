import { describe, expect, it } from 'vitest';
import { nextStream } from './next-stream.ts';

const stream = (epoch: number, lastSeq: number, firstSeq = 1) => ({ epoch, firstSeq, lastSeq });

describe('nextStream', () => {
  it.each([
    ['none there', [], undefined],
    ['one that is written to', [stream(2, 5)], 2],
    ['one that never was', [stream(2, 0)], 2],
    ['one that never was, below one that is', [stream(2, 0), stream(4, 9), stream(5, 3)], 4],
    ['some that never were', [stream(2, 0), stream(3, 0)], 2],
    ['one whose records are gone', [stream(2, 7, 8), stream(3, 1)], 2],
  ])('of %s', (_, later, epoch) => {
    expect(nextStream(later)?.epoch).toBe(epoch);
  });
});

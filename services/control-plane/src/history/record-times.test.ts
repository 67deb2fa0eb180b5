import { ORIGIN } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';
import { RecordTimes } from './record-times.ts';

/** A log whose record r was written at `times[r - 1]`. */
function recordTimes(times: readonly number[]): { readonly times: RecordTimes; reads: () => number } {
  let reads = 0;
  const store = {
    head: () => ({ ...ORIGIN, revision: times.length }),
    wallMsAt: (revision: number) => {
      reads++;
      return times[revision - 1];
    },
  };
  return { times: new RecordTimes(store), reads: () => reads };
}

const pace = (): Pace => new Pace(new AbortController().signal);

describe('lastUntil', () => {
  it.each([
    [9, undefined],
    [10, 1],
    [19, 1],
    [20, 3],
    [25, 3],
    [1000, 4],
  ])('at %i finds revision %s', async (instantMs, revision) => {
    expect(await recordTimes([10, 20, 20, 30]).times.lastUntil(instantMs, pace())).toBe(revision);
  });

  it('takes the last of them where a clock was set back', async () => {
    const { times } = recordTimes([10, 100, 50, 60]);
    expect(await times.lastUntil(40, pace())).toBe(1);
    expect(await times.lastUntil(55, pace())).toBe(3);
    expect(await times.lastUntil(99, pace())).toBe(4);
  });

  it('agrees with a search of all records over many blocks, and reads old blocks once', async () => {
    const written = Array.from({ length: 5000 }, (_, i) => i * 10 - (i % 7 === 0 ? 3_000 : 0));
    const { times, reads } = recordTimes(written);
    for (const instantMs of [-2999, -3000, -1, 0, 3, 12_345, 20_480, 49_980, 60_000]) {
      const expected = written.findLastIndex((ms) => ms <= instantMs) + 1;
      expect(await times.lastUntil(instantMs, pace())).toBe(expected === 0 ? undefined : expected);
    }
    const before = reads();
    await times.lastUntil(60_000, pace());
    expect(reads() - before).toBe(1);
  });

  it('has nothing to say of an empty log', async () => {
    expect(await recordTimes([]).times.lastUntil(5, pace())).toBeUndefined();
  });
});

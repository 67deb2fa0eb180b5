import { CONFIG_EXIT_CODE } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { endsAll, nextRestart } from './restart-policy.ts';

describe('a worker that dies again and again', () => {
  it('is started ever more rarely, never more than half a minute later', () => {
    const delays: number[] = [];
    let deaths = 0;
    for (let death = 0; death < 11; death++) {
      const next = nextRestart(deaths, 50);
      deaths = next.deaths;
      delays.push(next.delayMs);
    }
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('begins anew once it has lived for a minute', () => {
    expect(nextRestart(8, 59_999)).toEqual({ deaths: 9, delayMs: 25_600 });
    expect(nextRestart(8, 60_000)).toEqual({ deaths: 1, delayMs: 100 });
  });

  it('waits for a time however long it goes on', () => {
    expect(nextRestart(5_000, 0).delayMs).toBe(30_000);
  });
});

describe('all are ended by one', () => {
  const failure = { exitCode: 1, message: 'the port is in use', metadata: {} };
  const unusable = { ...failure, exitCode: CONFIG_EXIT_CODE };

  it.each([
    ['that cannot start at first', { failure, ranBefore: false, othersRun: true }, true],
    ['that was killed while it started', { failure: undefined, ranBefore: false, othersRun: false }, false],
    ['that was killed', { failure: undefined, ranBefore: true, othersRun: false }, false],
    ['that cannot start again', { failure, ranBefore: true, othersRun: false }, false],
    ['whose settings have become unusable', { failure: unusable, ranBefore: true, othersRun: false }, true],
    ['the same beside others that run', { failure: unusable, ranBefore: true, othersRun: true }, false],
  ])('%s', (_, ending, ends) => {
    expect(endsAll(ending)).toBe(ends);
  });
});

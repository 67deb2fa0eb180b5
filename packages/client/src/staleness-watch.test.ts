import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { StalenessWatch } from './staleness-watch.ts';

function watched(maxMs: number) {
  const clock = new ManualClock();
  const told: boolean[] = [];
  const state = { freshMs: 0 };
  const watch = new StalenessWatch({
    clock,
    maxMs,
    ageMs: () => clock.monotonicMs() - state.freshMs,
    changed: (tooOld) => void told.push(tooOld),
  });
  const fresh = (): void => {
    state.freshMs = clock.monotonicMs();
    watch.check();
  };
  return { clock, told, watch, fresh };
}

test('tells once when the bound is passed, though nothing arrives, and when it is met again', () => {
  const { clock, told, watch, fresh } = watched(5_000);
  fresh();
  clock.advance(4_000);
  fresh();
  clock.advance(5_000);
  expect(told).toEqual([]);
  clock.advance(1);
  expect([told, watch.tooOld]).toEqual([[true], true]);
  clock.advance(60_000);
  watch.check();
  expect(told).toEqual([true]);
  fresh();
  expect([told, watch.tooOld]).toEqual([[true, false], false]);
});

test('waits for nothing without a bound, or once it is stopped', () => {
  const without = watched(Number.POSITIVE_INFINITY);
  without.fresh();
  expect(without.clock.pendingMs).toEqual([]);
  const { clock, told, watch, fresh } = watched(5_000);
  fresh();
  watch.stop();
  expect(clock.pendingMs).toEqual([]);
  fresh();
  clock.advance(5_001);
  watch.stop();
  expect([told, watch.tooOld]).toEqual([[true], false]);
});

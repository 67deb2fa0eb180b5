// Staleness counts from moments that the client stamped.

import { expect, test } from 'vitest';
import { StalenessBound } from './staleness-bound.ts';

test('is unbounded until something is known', () => {
  const bound = new StalenessBound();
  expect(bound.ageMs(5_000)).toBe(Number.POSITIVE_INFINITY);
  expect(bound.estimated).toBe(true);
});

test('counts from the stamped moment and adds what the server said', () => {
  const bound = new StalenessBound();
  bound.estimate(1_000, 50);
  expect([bound.ageMs(1_200), bound.estimated]).toEqual([250, true]);
  bound.prove(1_000, 50, false);
  expect([bound.ageMs(1_200), bound.estimated]).toEqual([250, false]);
  bound.prove(1_100, 0, true);
  expect(bound.estimated).toBe(true);
});

// The two lists of transitions are complete and do not overlap.

import { expect, test } from 'vitest';
import { coverageOf } from './coverage.ts';
import { allPairs, reachable, unreached } from './reachable.ts';

test('every phase and event stands in one of the two lists', () => {
  const can = new Set(reachable());
  const cannot = unreached();
  expect(allPairs().filter((pair) => can.has(pair) === cannot.has(pair))).toEqual([]);
  expect(can.size + cannot.size).toBe(allPairs().length);
});

test('what is missing and what should not happen are told', () => {
  const [first] = reachable();
  const counts = Object.fromEntries(reachable().map((pair) => [pair, 1]));
  expect(coverageOf(counts)).toMatchObject({ missing: [], unforeseen: [] });
  delete counts[first!];
  counts['Follower live start'] = 1;
  expect(coverageOf(counts)).toMatchObject({ missing: [first], unforeseen: ['Follower live start'] });
});

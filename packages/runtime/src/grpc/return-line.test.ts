import { expect, it } from 'vitest';
import { ReturnLine } from './return-line.ts';

const PACE = { earliestMs: 1_000, latestMs: 1_250, stepMs: 100 } as const;

it('gives places one after the other, the first after earliestMs', () => {
  const line = new ReturnLine();
  expect([1, 2, 3].map(() => line.take(0, PACE))).toEqual([1_000, 1_100, 1_200]);
  expect(line.take(50, PACE)).toBe(1_250);
});

it('gives none that is later than latestMs, and goes on once time has passed', () => {
  const line = new ReturnLine();
  for (let place = 0; place < 3; place++) line.take(0, PACE);
  expect(line.take(0, PACE)).toBeUndefined();
  expect(line.take(0, PACE)).toBeUndefined();
  expect(line.take(100, PACE)).toBe(1_200);
  expect(line.take(10_000, PACE)).toBe(1_000);
});

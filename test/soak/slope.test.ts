// The slope that `make soak ARGS=clients` judges by.

import { expect, test } from 'vitest';
import { slopePerHour } from './slope.ts';

const MINUTE_MS = 60_000;

test('a line is found again, wherever it begins', () => {
  const line = [0, 1, 3, 7].map((minutes) => ({ atMs: 9e9 + minutes * MINUTE_MS, value: 40 + 2 * minutes }));
  expect(slopePerHour(line)).toBeCloseTo(120);
});

test('what goes up and down alike has no slope', () => {
  const swings = [5, 9, 9, 5].map((value, index) => ({ atMs: index * MINUTE_MS, value }));
  expect(slopePerHour(swings)).toBeCloseTo(0);
});

test('one moment has none', () => {
  expect(slopePerHour([])).toBeNaN();
  expect(slopePerHour([{ atMs: 1, value: 2 }])).toBeNaN();
});

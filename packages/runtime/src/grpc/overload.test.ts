// The shedder beside its callers, in numbers: what it does in one turn shows in the seconds after.

import { describe, expect, it } from 'vitest';
import { type OverloadOptions, overload, type Second } from './overload.fixture.ts';

const CAPACITY = 8_000;
const HALF = { callsPerSecond: CAPACITY / 2, durationMs: 5_000 };
const PAUSE_MS = 300;
const PAUSE_EVERY_MS = 7_000;

/** For garbage, each as long. */
function pausesFrom(atMs: number, lengthMs = PAUSE_MS): OverloadOptions['pauses'] {
  return Array.from({ length: 10 }, (_, pause) => ({ atMs: atMs + pause * PAUSE_EVERY_MS, lengthMs }));
}

function meanOf(seconds: readonly Second[], from: number, to: number): number {
  return seconds.slice(from, to).reduce((sum, { answered }) => sum + answered, 0) / (to - from);
}

function refusedIn(seconds: readonly Second[], from: number, to: number): number {
  return seconds.slice(from, to).reduce((sum, { refused }) => sum + refused, 0);
}

describe('a server with many times the calls that it can answer', () => {
  it.each([
    [2, PAUSE_MS, 0.75],
    [5, PAUSE_MS, 0.9],
    [5, 600, 0.9],
  ])('at %i times its capacity and pauses of %i ms, answers %d of what it can', (times, pauseMs, share) => {
    const step = { callsPerSecond: times * CAPACITY, durationMs: 30_000 };
    const seconds = overload({ phases: [HALF, step], pauses: pausesFrom(7_000, pauseMs) });
    const canAnswer = CAPACITY * (1 - pauseMs / PAUSE_EVERY_MS);
    expect(meanOf(seconds, 5, 35)).toBeGreaterThan(share * canAnswer);
    expect(Math.max(...seconds.map(({ lost }) => lost))).toBe(0);
  });

  it.each([5, 10])('answers as many again, seconds after it stood still for ten, at %i times', (times) => {
    const step = { callsPerSecond: times * CAPACITY, durationMs: 35_000 };
    const seconds = overload({ phases: [HALF, step], pauses: [{ atMs: 8_000, lengthMs: 10_000 }] });
    expect(meanOf(seconds, 8, 18)).toBeLessThan(CAPACITY / 10);
    expect(meanOf(seconds, 30, 40)).toBeGreaterThan(0.75 * CAPACITY);
  });

  it('refuses nobody once they have gone, however soon the next pause comes', () => {
    const step = { callsPerSecond: 5 * CAPACITY, durationMs: 10_000 };
    const after = { callsPerSecond: CAPACITY / 2, durationMs: 15_000 };
    const seconds = overload({ phases: [HALF, step, after], pauses: pausesFrom(3_500) });
    expect(refusedIn(seconds, 5, 15)).toBeGreaterThan(1_000);
    expect(refusedIn(seconds, 17, 30)).toBe(0);
    expect(meanOf(seconds, 17, 30)).toBeCloseTo(CAPACITY / 2, -2);
  });
});

it('a server with time to spare refuses nobody for a pause', () => {
  const phases = [{ callsPerSecond: 0.85 * CAPACITY, durationMs: 15_000 }];
  const seconds = overload({ phases, pauses: [{ atMs: 5_000, lengthMs: PAUSE_MS }] });
  expect(refusedIn(seconds, 0, 15)).toBe(0);
  expect(meanOf(seconds, 0, 15)).toBeCloseTo(0.85 * CAPACITY, -2);
});

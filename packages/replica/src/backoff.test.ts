import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

const SETTINGS = { baseMs: 200, capMs: 30_000 };

describe('Backoff', () => {
  it('stays between the base and three times the last delay, capped', () => {
    const highest = new Backoff(SETTINGS, () => 1 - Number.EPSILON);
    expect([1, 2, 3].map(() => highest.nextMs())).toEqual([600, 1_800, 5_400]);
    for (let i = 0; i < 10; i++) highest.nextMs();
    expect(highest.nextMs()).toBe(SETTINGS.capMs);
    const lowest = new Backoff(SETTINGS, () => 0);
    expect([1, 2, 3].map(() => lowest.nextMs())).toEqual([200, 200, 200]);
  });

  it('starts over after a reset and counts attempts', () => {
    const backoff = new Backoff(SETTINGS, () => 0.5);
    const first = backoff.nextMs();
    backoff.nextMs();
    expect(backoff.attempts).toBe(2);
    backoff.reset();
    expect(backoff.attempts).toBe(0);
    expect(backoff.nextMs()).toBe(first);
  });
});

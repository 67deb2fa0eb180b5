// Rates by numbers: a clock that is moved by hand, and no timer that matters.

import { afterEach, describe, expect, it } from 'vitest';
import { type AdmissionSettings, StreamAdmission } from './stream-admission.ts';

const settings: AdmissionSettings = { streamsPerSecond: 100, holdMs: 1_000, retryAfterMsMax: 30_000 };
const opened = new Set<StreamAdmission>();
afterEach(() => {
  for (const admission of opened) admission.close();
  opened.clear();
});

class Door {
  nowMs = 1_000_000;
  readonly openedMs: number[] = [];
  readonly retryAfterMs: number[] = [];
  readonly admission = new StreamAdmission(settings, { monotonicMs: () => this.nowMs, random: () => 0.5 });

  constructor() {
    opened.add(this.admission);
  }

  come(isGone = (): boolean => false): void {
    try {
      const turn = this.admission.take(isGone);
      if (turn === undefined) this.openedMs.push(this.nowMs);
      else void turn.then(() => isGone() || this.openedMs.push(this.nowMs));
    } catch (error) {
      this.retryAfterMs.push((error as { retryAfterMs: number }).retryAfterMs);
    }
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.nowMs += 10;
      this.admission.look();
      // Those whose turn came go on in microtasks.
      await Promise.resolve();
    }
  }
}

/** The most that opened in any second. */
function peakPerSecond(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((ms) => ms >= from && ms < from + 1_000).length));
}

describe('a crowd', () => {
  it('is opened at the rate, in no second more, and the rest is told when to come back', async () => {
    const door = new Door();
    for (let i = 0; i < 1_000; i++) door.come();
    expect(door.openedMs).toHaveLength(5);
    expect(door.admission.waiting).toBe(95);
    await door.pass(2_000);
    expect(door.openedMs).toHaveLength(100);
    expect(peakPerSecond(door.openedMs)).toBeLessThanOrEqual(settings.streamsPerSecond);
    expect(door.admission.counts).toEqual({ opened: 100, held: 95, refused: 900 });
  });

  it('comes back as a line: everybody is in once as many seconds have passed as the rate needs', async () => {
    const door = new Door();
    let left = 1_000;
    const due: number[] = [];
    const come = (): void => {
      const refused = door.retryAfterMs.length;
      door.come();
      if (door.retryAfterMs.length > refused) due.push(door.nowMs + door.retryAfterMs.at(-1)!);
      else left -= 1;
    };
    for (let i = 0; i < 1_000; i++) come();
    const fromMs = door.nowMs;
    while (left > 0) {
      await door.pass(10);
      for (const ms of due.splice(0)) {
        if (ms <= door.nowMs) come();
        else due.push(ms);
      }
    }
    await door.pass(settings.holdMs);
    expect(door.openedMs).toHaveLength(1_000);
    // Nobody was told twice to come back.
    expect(door.retryAfterMs).toHaveLength(900);
    expect(peakPerSecond(door.openedMs)).toBeLessThanOrEqual(settings.streamsPerSecond);
    expect(Math.max(...door.openedMs) - fromMs).toBeLessThan(11_000);
  });

  it('too large for its line is spread over the longest time', () => {
    const door = new Door();
    for (let i = 0; i < 5_000; i++) door.come();
    expect(door.retryAfterMs.at(-1)).toBe(22_500);
    expect(Math.max(...door.retryAfterMs)).toBeLessThanOrEqual(settings.retryAfterMsMax);
  });
});

it('gives the turns of those that left to those that stay and to those that come', async () => {
  const door = new Door();
  let haveLeft = false;
  for (let i = 0; i < 105; i++) door.come(() => haveLeft && i >= 15);
  expect(door.admission.counts).toEqual({ opened: 5, held: 95, refused: 5 });
  haveLeft = true;
  await door.pass(10);
  for (let i = 0; i < 80; i++) door.come();
  expect(door.retryAfterMs).toHaveLength(5);
  await door.pass(1_000);
  // Ten of the first crowd, and those that came when the others had left.
  expect(door.admission.counts.opened).toBe(95);
  expect(peakPerSecond(door.openedMs)).toBeLessThanOrEqual(settings.streamsPerSecond);
});

it('opens those who come at less than the rate at once, for as long as they do', async () => {
  const door = new Door();
  for (let i = 0; i < 500; i++) {
    door.come();
    await door.pass(20);
  }
  expect(door.admission.counts).toEqual({ opened: 500, held: 0, refused: 0 });
});

it('says over how long a number of clients should come', () => {
  const { admission } = new Door();
  expect([0, 1, 1_000, 1_000_000].map((clients) => admission.spreadMs(clients))).toEqual([
    0, 10, 10_000, 30_000,
  ]);
});

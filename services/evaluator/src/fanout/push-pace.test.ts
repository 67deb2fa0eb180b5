import { describe, expect, it } from 'vitest';
import { PushPace } from './push-pace.ts';

interface Client {
  owesAcknowledgement: boolean;
  /** When its acknowledgement comes. */
  readonly atMs: number;
}

/** Tells as many as the pace allows, for so long, to clients that take so long each; answers how many were told. */
function toldIn(pace: PushPace, fromMs: number, ms: number, tripOf: (index: number) => number): number {
  let told = 0;
  let owing: Client[] = [];
  for (let nowMs = fromMs; nowMs < fromMs + ms; nowMs += 1) {
    for (const client of owing) client.owesAcknowledgement = client.atMs > nowMs;
    owing = owing.filter(({ owesAcknowledgement }) => owesAcknowledgement);
    if (pace.isFull) pace.look(nowMs);
    while (!pace.isFull) {
      const client = { owesAcknowledgement: true, atMs: nowMs + tripOf(told) };
      told += 1;
      owing.push(client);
      pace.told(client, nowMs);
    }
  }
  return told;
}

const NEVER = Number.POSITIVE_INFINITY;

describe('the pace of a push beside evaluations', () => {
  it('is 128 at once to clients that are near', () => {
    expect(toldIn(new PushPace(), 0, 1, () => 2)).toBe(128);
    expect(toldIn(new PushPace(), 0, 100, () => 2)).toBe(50 * 128);
  });

  it('waits for near clients that pause together, and for nobody longer than 50 ms', () => {
    const pace = new PushPace();
    toldIn(pace, 0, 1_000, () => 2);
    expect(toldIn(pace, 2_000, 49, () => NEVER)).toBe(128);
    expect(toldIn(pace, 3_000, 1_000, () => NEVER)).toBeLessThan(22 * 128);
  });

  it('does not take some pauses for a long way', () => {
    const pace = new PushPace();
    toldIn(pace, 0, 1_000, () => 2);
    // A second of a busy machine.
    toldIn(pace, 2_000, 1_000, () => 40);
    expect(toldIn(pace, 4_000, 1, () => 2)).toBe(128);
  });

  it.each([[30], [60], [150]])(
    'tells clients that are all %i ms away as fast as others, after a while',
    (ms) => {
      const pace = new PushPace();
      toldIn(pace, 0, 10_000, () => ms);
      expect(toldIn(pace, 20_000, 1_000, () => ms)).toBeGreaterThan(6_000);
      // One change of place: the nearest count again.
      toldIn(pace, 30_000, 500, () => 2);
      expect(toldIn(pace, 40_000, 1, () => 2)).toBe(128);
    },
  );
});

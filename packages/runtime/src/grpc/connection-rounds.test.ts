// Turns of connections, by ticks that are given by hand.

import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { ConnectionRounds } from './connection-rounds.ts';

class Bench {
  nowMs = 0;
  refused = 0;
  readonly room = new Map<string, number>();
  isTicking = false;
  #tick: () => void = () => undefined;
  readonly rounds = new ConnectionRounds<string>({
    monotonicMs: () => this.nowMs,
    giveRoom: (connection, calls) => this.room.set(connection, calls),
    refused: () => this.refused,
    every: (_, callback) => {
      this.isTicking = true;
      this.#tick = callback;
      return () => {
        this.isTicking = false;
      };
    },
    callsAtOnce: 100,
  });

  constructor(connections: readonly string[]) {
    for (const connection of connections) this.rounds.calls(connection);
  }

  ticks(count: number, refusedEach = 0): void {
    for (let tick = 0; tick < count && this.isTicking; tick++) {
      this.refused += refusedEach;
      this.nowMs += 10;
      this.#tick();
    }
  }

  /** Ticks until something changes. */
  next(): string {
    const before = this.rooms();
    for (let tick = 0; tick < 100 && this.rooms() === before; tick++) this.ticks(1);
    return this.rooms();
  }

  rooms(): string {
    return [...this.room].map(([connection, calls]) => `${connection} ${calls}`).join(', ');
  }
}

describe('a round', () => {
  it('takes all room at first, then gives each connection in turn all that there is', () => {
    const bench = new Bench(['a', 'b']);
    expect(bench.rounds.begin()).toBe(true);
    const all = LIMITS.concurrentStreamsMax;
    expect(bench.rooms()).toBe('a 0, b 0');
    expect(bench.next()).toBe(`a ${all}, b 0`);
    bench.ticks(10, 1);
    expect(bench.rooms()).toBe(`a ${all}, b 0`);
    expect(bench.next()).toBe(`a 100, b ${all}`);
    bench.ticks(10, 1);
    expect(bench.next()).toBe('a 100, b 100');
    expect([bench.isTicking, bench.rounds.rounds]).toEqual([false, 1]);
  });

  it('is soon over where few calls wait, however many connections there are', () => {
    const bench = new Bench(Array.from({ length: 10_000 }, (_, index) => `c${index}`));
    bench.rounds.begin();
    bench.ticks(30);
    expect(bench.isTicking).toBe(false);
    expect(new Set(bench.room.values())).toEqual(new Set([100]));
  });

  it('is over in seconds, however many are refused in it', () => {
    for (const connections of [2, 5_000]) {
      const bench = new Bench(Array.from({ length: connections }, (_, index) => `c${index}`));
      bench.rounds.begin();
      bench.ticks(1_000, 1);
      expect(bench.isTicking).toBe(false);
      expect(bench.nowMs).toBeLessThan(5_000);
      expect(new Set(bench.room.values())).toEqual(new Set([100]));
    }
  });

  it('is one at a time, and may come again', () => {
    const bench = new Bench(['a']);
    bench.rounds.begin();
    expect(bench.rounds.begin()).toBe(false);
    bench.ticks(1_000);
    expect(bench.rounds.begin()).toBe(true);
  });

  it('passes over connections that are gone, and leaves those alone that come meanwhile', () => {
    const bench = new Bench(['a', 'b', 'c']);
    bench.rounds.begin();
    bench.next();
    for (const gone of ['a', 'b']) bench.rounds.closed(gone);
    expect(bench.rounds.calls('new')).toBe(true);
    expect(bench.rounds.calls('new')).toBe(false);
    bench.ticks(1_000);
    expect(bench.rooms()).toBe(`a ${LIMITS.concurrentStreamsMax}, b 0, c 100`);
  });

  it('ends with the process', () => {
    const bench = new Bench(['a']);
    bench.rounds.begin();
    bench.rounds.close();
    expect(bench.isTicking).toBe(false);
  });
});

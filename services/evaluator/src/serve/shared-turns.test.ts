import { describe, expect, it } from 'vitest';
import { SharedTurns, type Steps, WORKS_MAX } from './shared-turns.ts';

const waits = { signal: new AbortController().signal };

/** Each step takes three milliseconds of this clock, so that a slice has two. */
class Bench {
  nowMs = 0;
  readonly ran: string[] = [];
  readonly turns = new SharedTurns(() => this.nowMs);

  *steps(name: string, count: number): Steps<string> {
    for (let step = 0; step < count; step++) {
      this.nowMs += 3;
      this.ran.push(name);
      yield;
    }
    return `${name} is done`;
  }

  /** One turn of the event loop. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

describe('shared turns', () => {
  it('run one slice of one work in each turn of the loop, in order', async () => {
    const bench = new Bench();
    const works = [
      bench.turns.queue(bench.steps('a', 3), waits),
      bench.turns.queue(bench.steps('b', 5), waits),
    ];
    expect(bench.ran).toEqual([]);
    const seen: string[] = [];
    while (seen.join('').length < 8) {
      await bench.turn();
      seen.push(bench.ran.splice(0).join(''));
    }
    expect(seen).toEqual(['aa', 'bb', 'a', 'bb', 'b']);
    expect(await Promise.all(works)).toEqual(['a is done', 'b is done']);
  });

  it('begin at once where that is asked for, and what is short is over then', async () => {
    const bench = new Bench();
    expect(bench.turns.begin(bench.steps('a', 1), waits)).toBe('a is done');
    const longer = bench.turns.begin(bench.steps('b', 3), waits);
    expect(bench.ran.join('')).toBe('abb');
    expect(await longer).toBe('b is done');
  });

  it('leave what nobody waits for any more, and go on after what failed', async () => {
    const bench = new Bench();
    const caller = new AbortController();
    const left = bench.turns.queue(bench.steps('left', 1_000), caller);
    const broken = bench.turns.queue(
      (function* (): Steps<string> {
        yield;
        throw new Error('broken');
      })(),
      waits,
    );
    const good = bench.turns.queue(bench.steps('good', 9), waits);
    caller.abort();
    await expect(left).rejects.toMatchObject({ reason: 'CANCELLED' });
    await expect(broken).rejects.toThrow('broken');
    expect(await good).toBe('good is done');
    expect(bench.ran).not.toContain('left');
  });

  it('refuse more than they hold', async () => {
    const bench = new Bench();
    const works = Array.from({ length: WORKS_MAX }, () => bench.turns.queue(bench.steps('w', 1), waits));
    expect(() => bench.turns.queue(bench.steps('x', 1), waits)).toThrow(
      expect.objectContaining({ reason: 'OVERLOADED', retryAfterMs: 1_000 }),
    );
    await Promise.all(works);
    expect(await bench.turns.queue(bench.steps('x', 1), waits)).toBe('x is done');
  });
});

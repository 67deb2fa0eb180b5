import { describe, expect, it } from 'vitest';
import { CALLER_WORKS_MAX, SharedTurns, type Steps, WORKS_MAX } from './shared-turns.ts';

const callerOf = (id: string, signal: AbortSignal = new AbortController().signal) => ({
  principal: { id },
  signal,
});
const waits = callerOf('k');

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
    const left = bench.turns.queue(bench.steps('left', 1_000), callerOf('k', caller.signal));
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

  it('run callers in turn, so that who asks for much waits for himself', async () => {
    const bench = new Bench();
    const greedy = Array.from({ length: 5 }, () => bench.turns.queue(bench.steps('g', 2), waits));
    const modest = bench.turns.queue(bench.steps('m', 4), callerOf('other'));
    const seen: string[] = [];
    while (seen.join('').length < 14) {
      await bench.turn();
      seen.push(bench.ran.splice(0).join(''));
    }
    expect(seen.slice(0, 4)).toEqual(['gg', 'mm', 'gg', 'mm']);
    expect(await Promise.all([...greedy, modest])).toHaveLength(6);
  });

  it('refuse more than they hold, of one caller and of all', async () => {
    const bench = new Bench();
    const add = (id: string): Promise<string> => bench.turns.queue(bench.steps('w', 1), callerOf(id));
    const refusal = expect.objectContaining({ reason: 'OVERLOADED', retryAfterMs: 1_000 });
    const works: Promise<string>[] = [];
    for (let caller = 0; works.length < WORKS_MAX; caller++) {
      for (let work = 0; work < CALLER_WORKS_MAX; work++) works.push(add(`k${caller}`));
      expect(() => add(`k${caller}`)).toThrow(refusal);
    }
    expect(() => add('another')).toThrow(refusal);
    await Promise.all(works);
    expect(await add('another')).toBe('w is done');
  });
});

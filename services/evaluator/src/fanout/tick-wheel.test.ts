import { describe, expect, it } from 'vitest';
import { TestClock, testLogger } from '../evaluator.fixture.ts';
import { TickWheel } from './tick-wheel.ts';

describe('TickWheel', () => {
  const member = (deadlineMs: number) => {
    const ticked = {
      deadlineMs,
      ticks: [] as number[],
      tick: (nowMs: number) => void ticked.ticks.push(nowMs),
    };
    return ticked;
  };

  it('looks at members when their time has come', () => {
    const clock = new TestClock();
    const startMs = clock.monotonicMs();
    const wheel = new TickWheel(clock.monotonicMs, testLogger().logger);
    const one = member(startMs + 1_000);
    wheel.add(one);
    clock.advance(900);
    wheel.advance();
    expect(one.ticks).toEqual([]);
    clock.advance(300);
    wheel.advance();
    expect(one.ticks).toEqual([startMs + 1_200]);
  });

  it('notices a deadline that moved closer, and forgets members that are done', () => {
    const clock = new TestClock();
    const wheel = new TickWheel(clock.monotonicMs, testLogger().logger);
    const far = member(clock.monotonicMs() + 1_000_000);
    const done = member(clock.monotonicMs() + 1_000_000);
    wheel.add(far);
    wheel.add(done);
    far.deadlineMs = clock.monotonicMs() + 10;
    wheel.remove(done);
    expect(wheel.size).toBe(1);
    clock.advance(2_200);
    wheel.advance();
    expect(far.ticks).toHaveLength(1);
    far.deadlineMs = Number.POSITIVE_INFINITY;
    clock.advance(2_200);
    wheel.advance();
    expect(wheel.size).toBe(0);
    expect(done.ticks).toEqual([]);
  });

  it('looks at each member once after a pause of the process, and goes on', () => {
    const clock = new TestClock();
    const wheel = new TickWheel(clock.monotonicMs, testLogger().logger);
    const each = [member(clock.monotonicMs() + 500), member(clock.monotonicMs() + 1_500)];
    for (const one of each) wheel.add(one);
    clock.advance(3_600_000);
    const resumedMs = clock.monotonicMs();
    wheel.advance();
    for (const one of each) one.deadlineMs = resumedMs + 300;
    clock.advance(500);
    wheel.advance();
    expect(each.map(({ ticks }) => ticks)).toEqual(each.map(() => [resumedMs, resumedMs + 500]));
  });

  it('knows no wall clock: one that is set back or forward moves nothing', () => {
    const clock = new TestClock();
    const wheel = new TickWheel(clock.monotonicMs, testLogger().logger);
    const one = member(clock.monotonicMs() + 1_000);
    wheel.add(one);
    clock.setBy(3_600_000);
    wheel.advance();
    expect(one.ticks).toEqual([]);
    clock.setBy(-7_200_000);
    clock.advance(1_200);
    wheel.advance();
    expect(one.ticks).toEqual([clock.monotonicMs()]);
  });
});

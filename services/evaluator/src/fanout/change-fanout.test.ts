import { EntityReadings } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { TestClock, testLogger } from '../evaluator.fixture.ts';
import { shopLog } from '../log.fixture.ts';
import { EnvironmentReplica } from '../state/environment-replica.ts';
import { ChangeFanout } from './change-fanout.ts';
import { TickWheel } from './tick-wheel.ts';

const replica = (environment: string): EnvironmentReplica =>
  new EnvironmentReplica(
    { project: 'default', environment },
    new EntityReadings(),
    shopLog().state.entities(),
    0,
  );

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChangeFanout', () => {
  it('tells the streams of the environment that changed, and only those, at once', () => {
    const fanout = new ChangeFanout(() => 7, testLogger().logger);
    const [a, b] = [replica('development'), replica('production')];
    const told: string[] = [];
    fanout.add(a, { changed: (nowMs) => told.push(`a${nowMs}`) });
    fanout.add(b, { changed: (nowMs) => told.push(`b${nowMs}`) });
    fanout.changed([a]);
    expect(told).toEqual(['a7']);
  });

  it('lets the event loop run between rounds of writes, and misses no change meanwhile', async () => {
    const fanout = new ChangeFanout(() => 0, testLogger().logger);
    const environment = replica('development');
    const seen = Array.from({ length: 500 }, () => 0);
    let generation = 1;
    for (const index of seen.keys())
      fanout.add(environment, {
        changed: () => {
          seen[index] = generation;
        },
      });
    fanout.changed([environment]);
    expect(seen.filter((value) => value === 1)).toHaveLength(200);
    generation = 2;
    fanout.changed([environment]);
    while (seen.some((value) => value !== 2)) await turn();
    expect(seen.every((value) => value === 2)).toBe(true);
  });

  it('leaves out streams that ended, and goes on when one fails', () => {
    const { logger, logs } = testLogger();
    const fanout = new ChangeFanout(() => 0, logger);
    const environment = replica('development');
    const told: string[] = [];
    const gone = { changed: () => told.push('gone') };
    const broken = {
      changed: (): void => {
        fanout.remove(environment, gone);
        throw new Error('broken');
      },
    };
    fanout.add(environment, broken);
    fanout.add(environment, gone);
    fanout.add(environment, { changed: () => told.push('last') });
    fanout.changed([environment]);
    expect(told).toEqual(['last']);
    expect(logs.at(-1)?.['msg']).toBe('a stream failed to take a change');
  });
});

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
    const startMs = clock.nowMs;
    const wheel = new TickWheel(clock.now, testLogger().logger);
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
    const wheel = new TickWheel(clock.now, testLogger().logger);
    const far = member(clock.nowMs + 1_000_000);
    const done = member(clock.nowMs + 1_000_000);
    wheel.add(far);
    wheel.add(done);
    far.deadlineMs = clock.nowMs + 10;
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
});

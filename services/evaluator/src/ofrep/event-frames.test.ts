import { EntityReadings } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { entity, serving, shopLog } from '../log.fixture.ts';
import { wholeView } from '../serve/answer-view.ts';
import { EnvironmentReplica } from '../state/environment-replica.ts';
import { EventFrames } from './event-frames.ts';

const NOON_MS = Date.parse('2026-06-01T12:00:00Z');
const EVERYTHING = { kind: 'everything' } as const;

/** Frames of a stream over an environment in which a ramp moves from noon on. */
class Bench {
  nowMs = NOON_MS;
  readonly log = shopLog();
  readonly environment: EnvironmentReplica;
  readonly frames: EventFrames;

  constructor(lastEventId?: string) {
    const steps = [
      { time: new Date(NOON_MS).toISOString(), to: 0 },
      { time: new Date(NOON_MS + 600_000).toISOString(), to: 100_000 },
    ];
    const rule = { id: 'ramp', condition: { gate: { ramp: { steps } } }, serve: { variant: 'off' } };
    this.log.commit(
      entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }),
    );
    const scope = { project: 'default', environment: 'development' };
    this.environment = new EnvironmentReplica(scope, new EntityReadings(), this.log.state.entities(), 0);
    this.frames = new EventFrames({
      environment: this.environment,
      serving: { now: () => this.nowMs, changedPlace: () => ({ epoch: 1, revision: 4 }) },
      viewOf: wholeView,
      selector: EVERYTHING,
      lastEventId,
      isJustChanged: false,
    });
  }

  /** What is told as time alone has passed. */
  passed(ms: number): number {
    this.nowMs += ms;
    return this.frames.since(this.environment.state.generation, undefined).length;
  }
}

const told = (frame: Buffer): boolean => frame.toString().includes('refetchEvaluation');

describe('frames of events', () => {
  it('tell of a moving ramp every ten seconds, and of its end in place of a heartbeat', () => {
    const bench = new Bench();
    expect(bench.passed(1_000)).toBe(1);
    for (let second = 1; second < 10; second++) expect(bench.passed(1_000)).toBe(0);
    expect(bench.passed(1_000)).toBe(1);
    expect(bench.passed(1_000)).toBe(0);
    expect(told(bench.frames.keepAlive)).toBe(true);
    expect(told(bench.frames.keepAlive)).toBe(false);
  });

  it('tell with the next change what was held back, whatever that change is of', () => {
    const bench = new Bench();
    bench.passed(1_000);
    expect(bench.passed(1_000)).toBe(0);
    const { generation } = bench.environment.state;
    expect(bench.frames.since(generation - 1, new Set(['not-there']))).toHaveLength(1);
    expect(bench.frames.since(generation - 1, new Set(['not-there']))).toHaveLength(0);
    expect(bench.frames.since(generation - 1, new Set(['new-checkout']))).toHaveLength(1);
  });

  it('hold nothing back when the clock was set back', () => {
    const bench = new Bench();
    expect(bench.passed(1_000)).toBe(1);
    expect(bench.passed(-60_000)).toBe(1);
  });

  it.each([
    ['of here and now', `1-4-${NOON_MS}`, 1],
    ['of another revision', `1-3-${NOON_MS}`, 2],
    ['of another epoch', `2-4-${NOON_MS}`, 2],
    ['of before a transition', `1-4-${NOON_MS - 1_000}`, 2],
    ['of a moment to come', `1-4-${NOON_MS + 1}`, 2],
    ['of another server', 'evt-7', 2],
    ['that is empty', '', 2],
  ])('begin with a notice for who comes back with an id %s', (_, id, frames) => {
    expect(new Bench(id).frames.first()).toHaveLength(frames);
  });
});

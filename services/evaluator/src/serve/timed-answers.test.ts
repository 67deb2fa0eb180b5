import { EntityReadings } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { entity, serving, shopLog } from '../log.fixture.ts';
import { EnvironmentReplica } from '../state/environment-replica.ts';
import { TimedAnswers } from './timed-answers.ts';

const NOON_MS = Date.parse('2026-06-01T12:00:00Z');
const MINUTE_MS = 60_000;

/** An environment with a ramp from noon to ten past. */
function ramped(): EnvironmentReplica {
  const log = shopLog();
  const steps = [
    { time: new Date(NOON_MS).toISOString(), to: 0 },
    { time: new Date(NOON_MS + 10 * MINUTE_MS).toISOString(), to: 100_000 },
  ];
  const rule = { id: 'ramp', condition: { gate: { ramp: { steps } } }, serve: { variant: 'off' } };
  log.commit(entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }));
  const scope = { project: 'default', environment: 'development' };
  return new EnvironmentReplica(scope, new EntityReadings(), log.state.entities(), 0);
}

describe('TimedAnswers', () => {
  it('says when the next look is due', () => {
    const timed = new TimedAnswers(ramped(), NOON_MS - MINUTE_MS);
    expect(timed.dueInMs(NOON_MS - 1_000)).toBe(1_000);
    expect(timed.look(NOON_MS - 1_000)).toBe(false);
    expect(timed.dueInMs(NOON_MS)).toBe(Number.NEGATIVE_INFINITY);
    expect(timed.look(NOON_MS)).toBe(true);
    expect(timed.dueInMs(NOON_MS)).toBe(1_000);
    expect(timed.look(NOON_MS + 11 * MINUTE_MS)).toBe(true);
    expect(timed.dueInMs(NOON_MS + 12 * MINUTE_MS)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not put off by looks in between, however many', () => {
    const timed = new TimedAnswers(ramped(), NOON_MS);
    const passed: number[] = [];
    for (let ms = 100; ms <= 3_000; ms += 100) if (timed.look(NOON_MS + ms)) passed.push(ms);
    expect(passed).toEqual([1_000, 2_000, 3_000]);
  });

  it('looks again when the clock was set back across a transition, and only then', () => {
    const timed = new TimedAnswers(ramped(), NOON_MS + 20 * MINUTE_MS);
    expect(timed.dueInMs(NOON_MS + 15 * MINUTE_MS)).toBe(Number.NEGATIVE_INFINITY);
    expect(timed.look(NOON_MS + 15 * MINUTE_MS)).toBe(false);
    expect(timed.dueInMs(NOON_MS + 15 * MINUTE_MS)).toBe(Number.POSITIVE_INFINITY);
    expect(timed.look(NOON_MS - MINUTE_MS)).toBe(true);
    expect(timed.dueInMs(NOON_MS - MINUTE_MS)).toBe(MINUTE_MS);
  });
});

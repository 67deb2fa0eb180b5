import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';
import { EvaluatorState } from './evaluator-state.ts';
import { LaterCompile } from './later-compile.ts';

const FLAGS = 40;
const key = (index: number): string => `flag-${index}`;

function filledLog(): MemoryLog {
  const log = shopLog();
  for (let index = 0; index < FLAGS; index++)
    log.commit(
      entity.flag('default', key(index), booleanFlag),
      entity.config('default', 'development', key(index), serving(index === 7 ? 'nowhere' : 'on')),
    );
  return log;
}

/** A first state that is compiled later, by a clock with which a slice ends after two looks. */
class Started {
  readonly told: string[] = [];
  /** Pieces that were compiled so far. */
  pieces = 0;
  #nowMs = 0;
  readonly log = filledLog();
  readonly state = new EvaluatorState(
    () => this.log.state,
    {
      changed: () => this.later.wake(),
      quarantine: (_, id) => this.told.push(id),
    },
    {
      later: (work) => {
        this.pieces += 1;
        return work();
      },
    },
  );
  readonly later = new LaterCompile({
    state: this.state,
    monotonicMs: () => {
      this.#nowMs += 2;
      return this.#nowMs;
    },
    compiled: () => this.told.push('compiled'),
  });

  value(flagKey: string): unknown {
    return this.state.environment('default', 'development')?.state.set.evaluate(flagKey, {}, 0).value;
  }
}

describe('what is compiled later', () => {
  it('is compiled in turns of the event loop; what is in quarantine is told, and that all is compiled, once', async () => {
    const started = new Started();
    started.later.start();
    started.state.replaced();
    expect(started.pieces).toBe(0);
    await setImmediate();
    expect(started.value(key(FLAGS - 1))).toBe(true);
    expect(started.told).toEqual([]);
    const environment = started.state.environment('default', 'development')!;
    expect(environment.quarantined.size).toBe(0);
    await until(() => started.told.includes('compiled'), { what: 'all of the state compiled' });
    expect(started.told).toEqual([`flag/${key(7)}`, 'compiled']);
    expect([...environment.quarantined.keys()]).toEqual([`flag/${key(7)}`]);
    expect(started.pieces).toBeGreaterThan(FLAGS / 2);
    expect(environment.state.generation).toBe(1);
    const { pieces } = started;
    started.log.commit(entity.flag('default', 'new', booleanFlag));
    started.state.replaced();
    await setImmediate();
    expect([started.pieces, started.told.length]).toEqual([pieces, 2]);
    started.later.close();
  });

  it('is not begun before it may begin, and not gone on with after the end', async () => {
    const started = new Started();
    started.state.replaced();
    await setImmediate();
    expect(started.pieces).toBe(0);
    started.later.start();
    while (started.pieces < 2) await setImmediate();
    started.later.close();
    const { pieces } = started;
    await setImmediate();
    await setImmediate();
    expect([started.pieces, started.told]).toEqual([pieces, []]);
  });

  it('is waited for by who asks for all of it, but not after the end', async () => {
    const started = new Started();
    expect(started.later.waiting()).toBeUndefined();
    started.later.start();
    started.state.replaced();
    await started.later.waiting();
    expect(started.told).toContain('compiled');
    expect(started.later.waiting()).toBeUndefined();
    started.later.close();

    const stopped = new Started();
    stopped.later.start();
    stopped.state.replaced();
    const waiting = stopped.later.waiting();
    stopped.later.close();
    await waiting;
    expect([stopped.told, stopped.later.waiting()]).toEqual([[], undefined]);
  });

  it('is compiled at once where a change comes before it was', () => {
    const started = new Started();
    started.state.replaced();
    const broken = entity.config('default', 'development', key(3), serving('nowhere'));
    const { revision } = started.log.commit(broken);
    started.state.moved([{ revision, changes: [broken] }]);
    expect(started.told).toEqual([`flag/${key(7)}`, `flag/${key(3)}`]);
    expect(started.value(key(3))).toBe(true);
    expect(started.state.held().units.map(({ unit }) => unit.key)).toEqual([key(3)]);
  });

  it('need not be compiled for a change elsewhere', () => {
    const started = new Started();
    started.state.replaced();
    const elsewhere = entity.project('other');
    const { revision } = started.log.commit(elsewhere);
    started.state.moved([{ revision, changes: [elsewhere] }]);
    expect([started.pieces, started.state.position.revision]).toEqual([0, revision]);
  });
});

/** Quarantine over restarts and snapshots: the last good version goes on serving. */
import { type Guarded, recordCodec } from '@flagstream/protocol';
import { LogState } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { decodeHeld, encodeHeld } from '../cache/held-file.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';
import { EvaluatorState, type StateOptions } from './evaluator-state.ts';

const config = (json: object, key = 'new-checkout') => entity.config('default', 'development', key, json);

const broken = {
  enabled: true,
  rules: [{ id: 'r', condition: { compare: { attribute: 'a', operator: 'from-the-future' } } }],
  fallthrough: { variant: 'off' },
};

/** The state of a process, and what it tells of quarantine. */
class Served {
  readonly told: string[] = [];
  readonly state: EvaluatorState;
  readonly #later: Guarded | undefined;
  log: LogState;

  constructor(log: LogState, { held, later }: StateOptions) {
    this.log = log;
    this.#later = later;
    const listener = {
      changed: () => undefined,
      quarantine: (_: unknown, id: string, entry: object | undefined) => {
        this.told.push(`${id} ${entry === undefined ? 'out' : 'in'}`);
      },
    };
    this.state = new EvaluatorState(() => this.log, listener, { held, later });
    this.state.replaced();
  }

  /** As a restart from disk does: the folded state, and what was held. */
  restart(): Served {
    const held = decodeHeld(encodeHeld(this.state.held()));
    return new Served(this.log, { held, later: this.#later });
  }

  commit(log: MemoryLog, ...changes: Parameters<MemoryLog['commit']>): void {
    const { revision } = log.commit(...changes);
    this.log = log.state;
    this.state.moved([{ revision, changes }]);
  }

  replace(log: MemoryLog): void {
    this.log = LogState.fromSnapshot(recordCodec, log.snapshot());
    this.state.replaced();
  }

  value(key = 'new-checkout', targetingKey = 'u'): unknown {
    const { set } = this.state.environment('default', 'development')!.state;
    return set.evaluate(key, { targetingKey }, 0).value;
  }
}

const modes: readonly (readonly [string, Guarded | undefined])[] = [
  ['at once', undefined],
  ['when it is asked for', (work) => work()],
];

describe.each(modes)('a last good version, where the first state is compiled %s,', (_, later) => {
  it('serves after a restart, and after another one, until a good version comes', () => {
    const log = shopLog();
    const first = new Served(log.state, { later });
    first.commit(log, config(broken));
    expect(first.value()).toBe(true);
    const third = first.restart().restart();
    expect(third.value()).toBe(true);
    expect(third.told).toEqual(['flag/new-checkout in']);
    third.commit(log, entity.flag('default', 'other', booleanFlag));
    expect(third.value()).toBe(true);
    third.commit(log, config(serving('off')));
    expect(third.value()).toBe(false);
    expect(third.state.held().units).toEqual([]);
  });

  it('serves after a snapshot that holds only the bad one', () => {
    const log = shopLog();
    const served = new Served(LogState.fromSnapshot(recordCodec, log.snapshot()), { later });
    log.commit(config(broken));
    served.replace(log);
    expect(served.value()).toBe(true);
    log.commit(config(serving('off')));
    served.replace(log);
    expect(served.value()).toBe(false);
  });

  it('of a segment that is gone serves after a restart and a snapshot, while a flag needs it', () => {
    const log = shopLog();
    const served = new Served(log.state, { later });
    const rule = { id: 'r', condition: { segment: 'testers' }, serve: { variant: 'off' } };
    served.commit(
      log,
      entity.segment('default', 'testers', { included: ['u1'] }),
      config({ ...serving('on'), rules: [rule] }),
    );
    served.commit(log, entity.segment('default', 'testers', null));
    const next = served.restart();
    expect([next.value('new-checkout', 'u1'), next.value('new-checkout', 'u2')]).toEqual([false, true]);
    next.replace(log);
    expect(next.value('new-checkout', 'u1')).toBe(false);
    next.commit(log, config(serving('on')));
    expect([next.value('new-checkout', 'u1'), next.state.held().units]).toEqual([true, []]);
  });

  it('does not come in the way of what has become good meanwhile, or is no longer there', () => {
    const log = shopLog();
    const served = new Served(log.state, { later });
    served.commit(log, config(broken));
    const held = served.state.held();
    log.commit(config(serving('off')));
    expect(new Served(log.state, { held, later }).value()).toBe(false);
    log.commit(entity.flag('default', 'new-checkout', null));
    const gone = new Served(log.state, { held, later });
    expect([gone.value(), gone.state.held().units, gone.told]).toEqual([undefined, [], []]);
  });

  it('of another log is not taken', () => {
    const log = shopLog();
    const served = new Served(log.state, { later });
    served.commit(log, config(broken));
    const other = shopLog();
    other.commit(config(broken));
    expect(new Served(other.state, { held: served.state.held(), later }).value()).toBeUndefined();
    served.replace(other);
    expect([served.value(), served.state.held().units]).toEqual([undefined, []]);
  });
});

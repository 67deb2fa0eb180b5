/** The ship decision, with what a driver and a test of it keep at hand. */
import { ShipDecision, type ShipSettings } from './ship-decision.ts';
import type { NatsView, ShipEffect, ShipEvent, ShipLog, TakeOver } from './ship-frames.ts';

const SETTINGS: ShipSettings = { pipelineMax: 3, windowBytes: 1000, withoutStream: false };
export const BY: TakeOver = { actor: { id: 'anna', kind: 'user' }, comment: 'the other one is gone' };

type Own = NonNullable<NatsView['own']>;

/** As if a driver ran it. */
export class Bench {
  readonly decision: ShipDecision;
  head: number;
  /** Of what was ordered last. */
  attempt = 0;

  constructor(log: Partial<ShipLog> = {}, settings: Partial<ShipSettings> = {}) {
    const whole: ShipLog = {
      epoch: 1,
      baseRevision: 0,
      headRevision: 5,
      shippedEpoch: 1,
      announcedEpoch: 1,
      restored: false,
      ...log,
    };
    this.head = whole.headRevision;
    this.decision = new ShipDecision({ ...SETTINGS, ...settings }, whole);
  }

  tell(event: ShipEvent): readonly ShipEffect[] {
    const effects = this.decision.handle(event);
    for (const effect of effects) if ('attempt' in effect) this.attempt = effect.attempt;
    return effects;
  }

  answer(type: 'stream-created' | 'folded' | 'conflicted' | 'retry'): readonly ShipEffect[] {
    return this.tell({ type, attempt: this.attempt });
  }

  fail(detail = 'timeout'): readonly ShipEffect[] {
    return this.tell({ type: 'failed', attempt: this.attempt, detail });
  }

  appended(seq: number): readonly ShipEffect[] {
    return this.tell({ type: 'appended', attempt: this.attempt, seq });
  }

  commit(): readonly ShipEffect[] {
    this.head += 1;
    return this.tell({ type: 'committed', headRevision: this.head });
  }

  /** Answers a look that is under way. */
  see(nats: Partial<NatsView>): readonly ShipEffect[] {
    const epochs = nats.own === undefined ? [] : [this.decision.epoch];
    const whole = { epochs, own: undefined, next: undefined, missingBytes: 0, ...nats };
    return this.tell({ type: 'inspected', attempt: this.attempt, nats: whole });
  }

  /** The stream of our epoch, which ends at `lastSeq` and is compared at the lower of both ends. */
  own(lastSeq: number, tail: Own['tail'] = 'ours', firstSeq = Math.min(1, lastSeq)): Own {
    const headSeq = this.head - this.base;
    return { firstSeq, lastSeq, tailSeq: Math.min(lastSeq, headSeq), tail };
  }

  base = 0;

  /** Connects and answers the look. */
  connect(nats: Partial<NatsView>): readonly ShipEffect[] {
    this.tell({ type: 'connected' });
    return this.see(nats);
  }

  get gate(): string {
    return this.decision.gate.kind;
  }
}

export function types(effects: readonly ShipEffect[]): string[] {
  return effects.map(({ type }) => type);
}

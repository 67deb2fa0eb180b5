/**
 * Unique: nothing happens twice. An operation is one record, whoever repeats
 * it; a record is applied once; a client takes a revision once, unless its
 * whole set is replaced.
 */
import { type Position, samePosition } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Unique implements Checker {
  readonly promise = 'unique';
  readonly #last = new Map<string, Position>();
  #operations = new Set<string>();

  observe(observation: Observation, past: Past): void {
    switch (observation.type) {
      case 'log-opened':
        this.#operations = new Set();
        for (const { opId } of observation.records) this.#operation(opId);
        return;
      case 'committed':
        this.#operation(observation.record.opId);
        return;
      case 'applied':
        for (const record of observation.records) this.#applied(observation.node, record, true, past);
        this.#last.set(observation.node, observation.position);
        return;
      case 'taken':
        this.#applied(observation.client, observation.position, observation.kind === 'delta', past);
        return;
      case 'forgot':
        this.#last.delete(observation.who);
        return;
    }
  }

  #operation(opId: string): void {
    if (this.#operations.has(opId))
      throw new Violation(this.promise, `operation ${opId} is in the log twice`);
    this.#operations.add(opId);
  }

  #applied(who: string, position: Position, once: boolean, past: Past): void {
    const last = this.#last.get(who);
    this.#last.set(who, position);
    if (once && last !== undefined && samePosition(last, position))
      throw new Violation(this.promise, `${who} applied ${past.describe(position)} twice`);
  }
}

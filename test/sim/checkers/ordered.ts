/**
 * Ordered: whoever follows the log never goes back. Within an epoch revisions
 * grow, and epochs grow; only who stood on a branch that is no longer the log
 * may return to it.
 */
import { comparePositions, type Position } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Ordered implements Checker {
  readonly promise = 'ordered';
  readonly #last = new Map<string, Position>();

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'applied') this.#moved(observation.node, observation.position, past);
    else if (observation.type === 'taken' || observation.type === 'bookmarked')
      this.#moved(observation.client, observation.position, past);
    else if (observation.type === 'forgot') this.#last.delete(observation.who);
  }

  #moved(who: string, to: Position, past: Past): void {
    const from = this.#last.get(who);
    this.#last.set(who, to);
    if (from === undefined || comparePositions(to, from) >= 0) return;
    const left = past.state(from.hash);
    if (left !== undefined && !past.isCurrent(left)) return;
    throw new Violation(this.promise, `${who} went back from ${past.describe(from)} to ${past.describe(to)}`);
  }
}

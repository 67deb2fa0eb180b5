/**
 * Kept: an evaluator starts with what it had served. After it was killed, with
 * all that it had applied; after a power loss, at least with its newest
 * snapshot.
 */
import { comparePositions } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';

export class Kept implements Checker {
  readonly promise = 'kept';

  observe(observation: Observation): void {
    if (observation.type !== 'reloaded') return;
    const { node, position, atLeast } = observation;
    if (atLeast !== undefined && comparePositions(position, atLeast) < 0)
      throw new Violation(
        this.promise,
        `${node} started at e${position.epoch}.${position.revision} and had e${atLeast.epoch}.${atLeast.revision} on its disk`,
      );
  }
}

/**
 * Atomic: a change set is seen as a whole or not at all. Two flags are only ever
 * written together, to the same variant: every answer finds them equal.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Atomic implements Checker {
  readonly promise = 'atomic';

  observe(observation: Observation, past: Past): void {
    if (observation.type !== 'evaluated') return;
    const { by, pair, position } = observation.answer;
    if (pair[0] !== pair[1])
      throw new Violation(
        this.promise,
        `${by} answered "${String(pair[0])}" and "${String(pair[1])}" at ${past.describe(position)}`,
      );
  }
}

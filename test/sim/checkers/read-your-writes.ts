/**
 * Read your writes: a read that names a revision is never answered from a state
 * that does not have it, and is answered by a state that has it.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class ReadYourWrites implements Checker {
  readonly promise = 'readYourWrites';

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'read-at-head' && !observation.answered)
      throw new Violation(
        this.promise,
        `${observation.by} holds the head, and does not answer who asks for it`,
      );
    if (observation.type !== 'evaluated') return;
    const { by, position, minimum } = observation.answer;
    if (minimum !== undefined && !past.isOnTheWay(minimum, position))
      throw new Violation(
        this.promise,
        `${by} answered from ${past.describe(position)} who had asked for ${past.describe(minimum)}`,
      );
  }
}

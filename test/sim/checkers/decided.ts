/**
 * Decided: a log that somebody else has written into is never replaced by
 * itself. Only a person begins an epoch then.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';

export class Decided implements Checker {
  readonly promise = 'decided';

  observe(observation: Observation): void {
    if (observation.type !== 'epoch-begun') return;
    if (observation.foreign && !observation.byPerson)
      throw new Violation(
        this.promise,
        'an epoch was begun over what another writer wrote, and nobody decided it',
      );
  }
}

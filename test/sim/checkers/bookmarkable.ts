/**
 * Bookmarkable: told that it is at a position, a client has everything up to
 * there.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Bookmarkable implements Checker {
  readonly promise = 'bookmarkable';

  observe(observation: Observation, past: Past): void {
    if (observation.type !== 'bookmarked') return;
    const { client, position, fingerprint } = observation;
    if (past.state(position.hash)?.environment !== fingerprint)
      throw new Violation(
        this.promise,
        `${client} was told that it stands for ${past.describe(position)}, and holds something else`,
      );
  }
}

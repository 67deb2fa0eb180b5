/**
 * Resumable: a client that comes back with what it held goes on from there. It
 * is never sent everything again while its revision lies on the way to the
 * node's.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Resumable implements Checker {
  readonly promise = 'resumable';

  observe(observation: Observation, past: Past): void {
    if (observation.type !== 'resumed' || observation.intent !== 'full') return;
    const { client, node, held, head } = observation;
    if (past.isOnTheWay(held, head))
      throw new Violation(
        this.promise,
        `${client} came to ${node} at ${past.describe(head)} with ${past.describe(held)} and was sent everything`,
      );
  }
}

/**
 * Reliable: nothing is lost or invented on the way. What a follower holds at a
 * position is what the log says at that position, and record follows record.
 */
import { bytesEqual, type Position } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Reliable implements Checker {
  readonly promise = 'reliable';
  readonly #last = new Map<string, Position>();

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'applied') {
      const { node, position, fingerprint, records } = observation;
      if (past.state(position.hash)?.whole !== fingerprint) this.#differs(node, position, past);
      let last = this.#last.get(node);
      for (const record of records) {
        if (last !== undefined && !bytesEqual(record.prevHash, last.hash))
          throw new Violation(
            this.promise,
            `${node} applied ${past.describe(record)} on top of ${past.describe(last)}`,
          );
        last = record;
      }
      this.#last.set(node, position);
    } else if (observation.type === 'taken') {
      const { client, position, fingerprint } = observation;
      if (past.state(position.hash)?.environment !== fingerprint) this.#differs(client, position, past);
    } else if (observation.type === 'refused' && observation.code === 'digest-mismatch') {
      throw new Violation(this.promise, `${observation.client} was sent what does not add up`);
    } else if (observation.type === 'diverged') {
      throw new Violation(this.promise, `a client of ${observation.node} held what the log does not say`);
    } else if (observation.type === 'forgot') this.#last.delete(observation.who);
  }

  #differs(who: string, position: Position, past: Past): never {
    throw new Violation(
      this.promise,
      `${who} holds at ${past.describe(position)} what the log does not say there`,
    );
  }
}

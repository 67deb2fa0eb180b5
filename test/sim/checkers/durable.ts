/**
 * Durable: what a writer was told is in the log, at the revision that it was
 * told, for ever. Only what a disaster took before it had been shipped may go,
 * and the contract says so; what counts as shipped has been in NATS.
 */
import { type Position, samePosition } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Durable implements Checker {
  readonly promise = 'durable';
  readonly #acknowledged = new Map<string, Position>();
  #letGo: (Observation & { type: 'withdrawn' }) | undefined;

  observe(observation: Observation, past: Past): void {
    switch (observation.type) {
      case 'acknowledged': {
        const { opId, position } = observation;
        if (this.#isLetGo(position, past)) return;
        const before = this.#acknowledged.get(opId);
        if (before !== undefined && !samePosition(before, position))
          throw new Violation(this.promise, `operation ${opId} was acknowledged at two places`);
        this.#acknowledged.set(opId, position);
        this.#check(opId, position, past);
        return;
      }
      case 'shipped':
        if (!observation.inNats)
          throw new Violation(
            this.promise,
            `${observation.node} takes ${past.describe(observation.record)} as shipped, and NATS never had it`,
          );
        return;
      case 'withdrawn':
        this.#letGo = observation;
        for (const [opId, position] of this.#acknowledged)
          if (!past.isOnTheWay(position, observation.kept)) this.#acknowledged.delete(opId);
        return;
      case 'log-opened':
      case 'quiet':
        if (observation.type === 'log-opened' && observation.restored) return;
        for (const [opId, position] of this.#acknowledged) this.#check(opId, position, past);
        return;
    }
  }

  /** The answer was under way when a disaster took what it tells of. */
  #isLetGo(position: Position, past: Past): boolean {
    const written = past.state(position.hash);
    if (this.#letGo === undefined || written === undefined || written.ms > this.#letGo.ms) return false;
    return !past.isOnTheWay(position, this.#letGo.kept);
  }

  #check(opId: string, position: Position, past: Past): void {
    const state = past.at(position.revision);
    if (state === undefined || state.record.opId !== opId || !samePosition(state.record, position))
      throw new Violation(
        this.promise,
        `operation ${opId} was acknowledged at ${past.describe(position)}, where the log has ${state?.record.opId ?? 'nothing'}`,
      );
  }
}

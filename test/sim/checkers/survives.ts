/**
 * Survives: a record that ends the process which applies it does so twice, and
 * no third time in one release. A power loss may take the note of a death.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

const DEATHS_MAX = 2;

export class Survives implements Checker {
  readonly promise = 'survives';
  readonly #deaths = new Map<string, { over: string; deaths: number }>();

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'lost-power') this.#deaths.delete(observation.node);
    if (observation.type !== 'died') return;
    const { node, release, record } = observation;
    const over = `${record.opId} in ${release}`;
    const before = this.#deaths.get(node);
    const deaths = 1 + (before?.over === over ? before.deaths : 0);
    this.#deaths.set(node, { over, deaths });
    if (deaths > DEATHS_MAX)
      throw new Violation(this.promise, `${node} died ${deaths} times over ${past.describe(record)}`);
  }
}

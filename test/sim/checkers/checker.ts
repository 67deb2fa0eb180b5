/** A promise of the system, watched over a history of observations. */
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export interface Checker {
  readonly promise: string;
  /** @throws Violation */
  observe(observation: Observation, past: Past): void;
}

export class Violation extends Error {
  readonly promise: string;

  constructor(promise: string, message: string) {
    super(`${promise}: ${message}`);
    this.promise = promise;
  }
}

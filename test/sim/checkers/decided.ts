/**
 * Decided: a log that somebody else has written into is never replaced by
 * itself, nor is what they wrote taken in by one that has written too. Only a
 * person decides then.
 */
import type { LogRecord } from '@flagstream/replica';
import { keyOf } from '../world/record-memory.ts';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Decided implements Checker {
  readonly promise = 'decided';
  readonly #ours = new Set<string>();
  readonly #theirs = new Set<string>();
  /** The authority has written since it started. */
  #wrote = false;

  observe(observation: Observation, past: Past): void {
    switch (observation.type) {
      case 'foreign':
        this.#theirs.add(keyOf(observation.record.hash));
        return;
      case 'log-opened':
        this.#wrote = false;
        return;
      case 'committed':
        this.#committed(observation.record, past);
        return;
      case 'epoch-begun':
        if (observation.foreign && !observation.byPerson)
          throw new Violation(
            this.promise,
            'an epoch was begun over what another writer wrote, and nobody decided it',
          );
    }
  }

  /** What was in the log before comes back from NATS; what nobody wrote before is written now. */
  #committed(record: LogRecord, past: Past): void {
    const key = keyOf(record.hash);
    const isTheirs = this.#theirs.has(key) && !this.#ours.has(key);
    if (isTheirs && this.#wrote)
      throw new Violation(
        this.promise,
        `${past.describe(record)} is another writer's, and was taken into a log that had written itself`,
      );
    if (!this.#theirs.has(key) && !this.#ours.has(key)) this.#wrote = true;
    this.#ours.add(key);
  }
}

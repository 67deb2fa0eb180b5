// The fold of a log, walked forward: the values, and who set them last, at each revision in turn.

import { comparePlaces, type LogEntry, type Place, type Value } from './history.ts';

export class StateWalk {
  readonly values: Map<string, Value> = new Map();
  /** Revision that set a key last; absent: never set. */
  readonly versions: Map<string, number> = new Map();
  readonly #log: readonly LogEntry[];
  #next = 0;

  constructor(log: readonly LogEntry[]) {
    this.#log = log;
  }

  /** Folds up to and including a place, which must not lie before the last one. False: the log has no such place. */
  walkTo(place: Place): boolean {
    while (this.#next < this.#log.length && comparePlaces(this.#log[this.#next]!, place) <= 0) this.#step();
    const last = this.#log[this.#next - 1];
    return last !== undefined && comparePlaces(last, place) === 0;
  }

  /** Folds everything before a place. */
  walkBefore(place: Place): void {
    while (this.#next < this.#log.length && comparePlaces(this.#log[this.#next]!, place) < 0) this.#step();
  }

  #step(): void {
    const entry = this.#log[this.#next]!;
    this.#next += 1;
    for (const [key, value] of Object.entries(entry.sets)) {
      this.values.set(key, value);
      this.versions.set(key, entry.revision);
    }
  }
}

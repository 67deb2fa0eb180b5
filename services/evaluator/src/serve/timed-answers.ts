/**
 * When time alone may have changed what a watcher was told. Schedules stand in
 * wall time, and a wall clock can be set: forward it passes transitions unseen,
 * back it brings earlier answers into force again.
 *
 * Holds true: whoever asks now and then misses neither, and changes of flags,
 * however many, put off no transition of the others.
 */
import type { EnvironmentReplica } from '../state/environment-replica.ts';

export class TimedAnswers {
  readonly #environment: EnvironmentReplica;
  /** Wall time of the newest look, unix ms. */
  #seenMs: number;
  /** Unix ms. */
  #transitionMs: number;

  constructor(environment: EnvironmentReplica, wallMs: number) {
    this.#environment = environment;
    this.#seenMs = wallMs;
    this.#transitionMs = this.#after(wallMs);
  }

  /** Milliseconds until the next look. -Infinity: it is due. */
  dueInMs(wallMs: number): number {
    if (wallMs < this.#seenMs || wallMs >= this.#transitionMs) return Number.NEGATIVE_INFINITY;
    return this.#transitionMs - wallMs;
  }

  /** Looks at the clock. True: any answer may differ from what it was at the look before. */
  look(wallMs: number): boolean {
    const nextMs = this.#after(wallMs);
    const passed = wallMs >= this.#transitionMs || nextMs <= this.#seenMs;
    this.#seenMs = wallMs;
    this.#transitionMs = passed ? nextMs : Math.min(this.#transitionMs, nextMs);
    return passed;
  }

  #after(wallMs: number): number {
    return this.#environment.state.set.nextTransition(wallMs) ?? Number.POSITIVE_INFINITY;
  }
}

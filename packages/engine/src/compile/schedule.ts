/**
 * When the answers of an entity change although nothing is written: windows
 * open and close, ramps move.
 *
 * Place on the path: filled while an entity compiles, asked by the set for its
 * next transition.
 */

/** A span of time (unix ms) in which a ramp moves steadily. */
export interface MovingSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Schedule {
  readonly #instants: number[] = [];
  readonly #moving: MovingSpan[] = [];

  /** Answers change at this instant (unix ms). Infinite ones never come. */
  changesAt(instantMs: number): void {
    if (Number.isFinite(instantMs)) this.#instants.push(instantMs);
  }

  movesBetween(fromMs: number, toMs: number): void {
    this.#moving.push({ fromMs, toMs });
  }

  /** Answers change as those of the other one do, too. */
  include({ instants, moving }: Schedule): void {
    this.#instants.push(...instants);
    this.#moving.push(...moving);
  }

  get instants(): readonly number[] {
    return this.#instants;
  }

  get moving(): readonly MovingSpan[] {
    return this.#moving;
  }

  get isEmpty(): boolean {
    return this.#instants.length === 0 && this.#moving.length === 0;
  }
}

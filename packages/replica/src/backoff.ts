/**
 * When to try again: decorrelated jitter. Randomness is passed in.
 */

export interface BackoffSettings {
  readonly baseMs: number;
  readonly capMs: number;
}

export const RECONNECT_BACKOFF: BackoffSettings = Object.freeze({ baseMs: 200, capMs: 30_000 });

/** Delays between attempts; `reset` after a connection has lived long enough. */
export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  #previousMs: number;
  #attempts = 0;

  /** @param random uniform in [0, 1) */
  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    this.#previousMs = settings.baseMs;
  }

  /** Attempts since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The next delay: uniform between the base and three times the last one, capped. */
  nextMs(): number {
    const { baseMs, capMs } = this.#settings;
    const spanMs = Math.max(0, this.#previousMs * 3 - baseMs);
    this.#previousMs = Math.min(capMs, baseMs + this.#random() * spanMs);
    this.#attempts += 1;
    return Math.round(this.#previousMs);
  }

  reset(): void {
    this.#previousMs = this.#settings.baseMs;
    this.#attempts = 0;
  }
}

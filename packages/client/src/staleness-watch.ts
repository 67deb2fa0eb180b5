/**
 * Tells when the state in force may have become too old, and when it is not
 * any more. Nothing has to arrive for that: the bound grows by itself.
 */
import type { Clock } from './clock.ts';

export interface StalenessWatchOptions {
  readonly clock: Clock;
  /** Oldest state that counts as current; Infinity: however old. */
  readonly maxMs: number;
  /** Upper bound of the state's age now. */
  readonly ageMs: () => number;
  readonly changed: (tooOld: boolean) => void;
}

export class StalenessWatch {
  readonly #options: StalenessWatchOptions;
  #tooOld = false;
  #cancel: (() => void) | undefined;

  constructor(options: StalenessWatchOptions) {
    this.#options = options;
  }

  get tooOld(): boolean {
    return this.#tooOld;
  }

  /** Looks now, and again at the moment at which the bound will have grown too far. */
  check(): void {
    const { clock, maxMs, ageMs, changed } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    if (maxMs === Number.POSITIVE_INFINITY) return;
    const leftMs = maxMs - ageMs();
    if (leftMs >= 0) this.#cancel = clock.schedule(leftMs + 1, () => this.check());
    const tooOld = leftMs < 0;
    if (tooOld === this.#tooOld) return;
    this.#tooOld = tooOld;
    changed(tooOld);
  }

  /** Without a stream the state is stale anyway. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#tooOld = false;
  }
}

/**
 * Long work on the event loop, in slices: other calls run in between, and the
 * work ends when its caller is gone.
 */
import { fail } from '@flagstream/protocol';

/** Longest that other calls wait for one slice; one step of the work may take longer. */
const SLICE_MS = 4;

export class Pace {
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #sliceBegan: number;

  /** @param now a monotonic clock in milliseconds */
  constructor(signal: AbortSignal, now: () => number = () => performance.now()) {
    this.#signal = signal;
    this.#now = now;
    this.#sliceBegan = now();
  }

  /**
   * To be awaited between steps.
   * @throws FlagstreamError CANCELLED
   */
  async step(): Promise<void> {
    if (this.#now() - this.#sliceBegan < SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#signal.aborted) throw fail('CANCELLED', 'the caller is gone');
    this.#sliceBegan = this.#now();
  }
}

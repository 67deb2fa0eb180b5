/**
 * How old the state in force can be. A bound counts from a moment that this
 * client stamped itself (a Pong's nonce that the next Ping echoed), so no
 * transit time and no other machine's clock is in it; until the first echo it
 * is an estimate from the moment of receipt.
 */
export class StalenessBound {
  /** Monotonic moment at which the state was known to be the newest. */
  #asOfMs = Number.NEGATIVE_INFINITY;
  #estimated = true;

  /** @param stalenessMs how old the server said its own state could be at that moment */
  prove(stampedMs: number, stalenessMs: number, estimated: boolean): void {
    this.#asOfMs = stampedMs - stalenessMs;
    this.#estimated = estimated;
  }

  estimate(receivedMs: number, stalenessMs: number): void {
    this.#asOfMs = receivedMs - stalenessMs;
    this.#estimated = true;
  }

  /** What is in force may be of another branch than what this was proven for. */
  doubt(): void {
    this.#estimated = true;
  }

  /** Whole milliseconds, rounded up: it is a bound. */
  ageMs(monotonicMs: number): number {
    return Math.max(0, Math.ceil(monotonicMs - this.#asOfMs));
  }

  get estimated(): boolean {
    return this.#estimated;
  }
}

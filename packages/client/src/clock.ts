/**
 * Time as the SDK sees it, passed in so that tests move it by hand.
 */
export interface Clock {
  /** Unix milliseconds: what windows and ramps of flags are evaluated at. */
  nowMs(): number;
  /** Milliseconds that never run backwards: staleness, timeouts. */
  monotonicMs(): number;
  /** Runs once after the delay; the answer cancels it. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** Longest delay that Node's timers take. */
const DELAY_MS_MAX = 2_147_483_647;

export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, Math.min(delayMs, DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
});

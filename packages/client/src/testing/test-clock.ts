/** Time that stands still until a test moves it; what is due then runs in order. No timer of the process is used. */
import type { Clock } from '../clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** 2026-01-01T00:00:00Z: any instant does, as long as it is always the same one. */
const START_MS = 1_767_225_600_000;

export class TestClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs unix milliseconds. Default: 2026-01-01T00:00:00Z */
  constructor(startMs: number = START_MS) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Moves time forward; what is due meanwhile runs before this returns. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + Math.max(0, ms);
    for (let next = this.#soonest(endMs); next !== undefined; next = this.#soonest(endMs)) {
      this.#timers.delete(next);
      this.#elapsedMs = next.dueMs;
      next.run();
    }
    this.#elapsedMs = endMs;
  }

  /** Of those due at the same moment, the one that was scheduled first. */
  #soonest(endMs: number): Timer | undefined {
    let soonest: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.dueMs <= endMs && (soonest === undefined || timer.dueMs < soonest.dueMs)) soonest = timer;
    return soonest;
  }
}

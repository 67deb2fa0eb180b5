// Time that a test moves by hand: what is due runs in order while it moves.

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class ManualClock {
  readonly #epochMs: number;
  #elapsedMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  nowMs(): number {
    return this.#epochMs + this.#elapsedMs;
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

  /** Delays of what is scheduled, soonest first. */
  get pendingMs(): readonly number[] {
    return [...this.#timers].map((timer) => timer.dueMs - this.#elapsedMs).sort((a, b) => a - b);
  }

  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers.delete(next);
      this.#elapsedMs = next.dueMs;
      next.run();
    }
    this.#elapsedMs = endMs;
  }
}

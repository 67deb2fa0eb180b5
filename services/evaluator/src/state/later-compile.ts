/**
 * Does what the first state's answers did not wait for: compiles what nobody
 * asked for yet, then makes what streams will need. In slices, one in a turn of
 * the event loop: calls are answered in between, and soon nobody waits for
 * anything to be compiled.
 */
import type { EvaluatorState } from './evaluator-state.ts';

/** Longest that calls wait for one slice; one unit may take longer. */
const SLICE_MS = 4;

export interface LaterCompileParts {
  readonly state: Pick<EvaluatorState, 'position' | 'compile' | 'prepare'>;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
  /** Told once, when all of the first state is compiled. */
  readonly compiled: () => void;
}

export class LaterCompile {
  readonly #parts: LaterCompileParts;
  #running = false;
  #compiled = false;
  #done = false;
  #next: NodeJS.Immediate | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: LaterCompileParts) {
    this.#parts = parts;
  }

  /** From here on it works, as soon as there is a state. */
  start(): void {
    this.#running = true;
    this.wake();
  }

  /** There may be a first state now. */
  wake(): void {
    if (!this.#running || this.#done || this.#parts.state.position.revision === 0) return;
    this.#next ??= setImmediate(this.#slice);
  }

  /**
   * For who asks for all flags: resolves when all are compiled, in turns in which others are answered. Undefined: they
   * are, or nobody works on it any more.
   */
  waiting(): Promise<void> | undefined {
    if (this.#compiled || !this.#running) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#running = false;
    clearImmediate(this.#next);
    this.#release();
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  readonly #slice = (): void => {
    this.#next = undefined;
    this.#done = this.#work();
    this.wake();
  };

  #work(): boolean {
    const { state, monotonicMs, compiled } = this.#parts;
    const began = monotonicMs();
    const enough = (): boolean => monotonicMs() - began >= SLICE_MS;
    if (!this.#compiled) {
      if (!state.compile(enough)) return false;
      this.#compiled = true;
      compiled();
      this.#release();
    }
    return state.prepare(enough);
  }
}

/**
 * Long work of many callers on one event loop, in slices. Each turn of the loop
 * runs one slice of one of them, in order of arrival, however many wait: other
 * calls are answered in between.
 */
import { fail } from '@flagstream/protocol';

/** Longest that other calls wait for one slice; one step of the work may take longer. */
const SLICE_MS = 4;
/** Works that wait hold their requests and what they have made so far: some megabytes each. More come back later. */
export const WORKS_MAX = 100;

/** Work that may be left after each step, and goes on there. */
export type Steps<R> = Generator<void, R, void>;

interface Caller {
  /** Aborted when nobody waits for the work any more. */
  readonly signal: AbortSignal;
}

/** Runs one slice of a work. True: it is over. */
type Slice = () => boolean;

export class SharedTurns {
  readonly #monotonicMs: () => number;
  readonly #works: Slice[] = [];

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** The first slice at once, so that what is short is over when this returns; the rest as `queue` does. */
  begin<R>(steps: Steps<R>, caller: Caller): R | Promise<R> {
    const over = this.#slice(steps);
    return over === undefined ? this.queue(steps, caller) : over.result;
  }

  /**
   * Runs the steps in turns of the loop to come.
   * @throws FlagstreamError OVERLOADED, and rejects with CANCELLED or what a step throws
   */
  queue<R>(steps: Steps<R>, caller: Caller): Promise<R> {
    if (this.#works.length >= WORKS_MAX)
      throw fail('OVERLOADED', `${WORKS_MAX} large calls wait here for their turn, as many as may`, {
        retryAfterMs: 1_000,
      });
    const { signal } = caller;
    return new Promise((resolve, reject) => {
      this.#works.push(() => {
        try {
          if (signal.aborted) throw fail('CANCELLED', 'the caller is gone');
          const over = this.#slice(steps);
          if (over !== undefined) resolve(over.result);
          return over !== undefined;
        } catch (error) {
          reject(error);
          return true;
        }
      });
      if (this.#works.length === 1) setImmediate(this.#turn);
    });
  }

  #slice<R>(steps: Steps<R>): { readonly result: R } | undefined {
    const began = this.#monotonicMs();
    do {
      const step = steps.next();
      if (step.done) return { result: step.value };
    } while (this.#monotonicMs() - began < SLICE_MS);
    return undefined;
  }

  /** The work stays the first while it runs: what comes meanwhile asks for no turn of its own. */
  readonly #turn = (): void => {
    const [slice] = this.#works;
    if (slice === undefined) return;
    const over = slice();
    this.#works.shift();
    if (!over) this.#works.push(slice);
    if (this.#works.length > 0) setImmediate(this.#turn);
  };
}

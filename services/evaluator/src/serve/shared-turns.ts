/**
 * Long work of many callers on one event loop, in slices. Each turn of the loop
 * runs one slice of one caller's, the callers in turn, however many wait: other
 * calls are answered in between, and who asks for much waits for himself.
 */
import { fail } from '@flagstream/protocol';

/** Longest that other calls wait for one slice; one step of the work may take longer. */
const SLICE_MS = 4;
/** Works that wait hold their requests and what they have made so far: some megabytes each. More come back later. */
export const WORKS_MAX = 100;
/** Of one caller, so that others find room. */
export const CALLER_WORKS_MAX = 25;

/** Work that may be left after each step, and goes on there. */
export type Steps<R> = Generator<void, R, void>;

interface Caller {
  readonly principal: { readonly id: string };
  /** Aborted when nobody waits for the work any more. */
  readonly signal: AbortSignal;
}

/** Runs one slice of a work. True: it is over. */
type Slice = () => boolean;

export class SharedTurns {
  readonly #monotonicMs: () => number;
  /** By caller; the one whose turn it is stands first. */
  readonly #works = new Map<string, Slice[]>();
  #waiting = 0;

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
    const { signal, principal } = caller;
    const works = this.#works.get(principal.id) ?? [];
    if (works.length >= CALLER_WORKS_MAX || this.#waiting >= WORKS_MAX)
      throw fail(
        'OVERLOADED',
        `${works.length} large calls of this caller wait for their turn, of ${this.#waiting}`,
        {
          retryAfterMs: 1_000,
        },
      );
    return new Promise((resolve, reject) => {
      works.push(() => {
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
      this.#works.set(principal.id, works);
      this.#waiting += 1;
      if (this.#waiting === 1) setImmediate(this.#turn);
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

  /** The work is counted while it runs: what comes meanwhile asks for no turn of its own. */
  readonly #turn = (): void => {
    const [next] = this.#works;
    if (next === undefined) return;
    const [callerId, works] = next;
    const slice = works[0]!;
    const over = slice();
    works.shift();
    if (over) this.#waiting -= 1;
    else works.push(slice);
    this.#works.delete(callerId);
    if (works.length > 0) this.#works.set(callerId, works);
    if (this.#waiting > 0) setImmediate(this.#turn);
  };
}

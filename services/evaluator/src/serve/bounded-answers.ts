/**
 * What comes before every answer: the state is loaded, and holds the revision
 * that the caller asks for, or the caller takes an older one; and what the answer
 * tells of is compiled.
 *
 * Holds true: an error is an answer as well. It says of which state, as a
 * lagging evaluator does not know what was made a moment ago.
 */
import { FlagstreamError, withMetadata } from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { CallContext, RevisionWait } from '@flagstream/runtime';
import type { LaterCompile } from '../state/later-compile.ts';
import type { Serving } from './serving.ts';

/** How new the answer to a request must be. */
export interface RevisionBound {
  readonly minRevision?: Revision | undefined;
  readonly allowStale: boolean;
}

/** An answer from whatever state there is. */
export const ANY_REVISION: RevisionBound = { minRevision: undefined, allowStale: false };

export class BoundedAnswers {
  readonly #serving: Serving;
  readonly #wait: RevisionWait;
  readonly #later: Pick<LaterCompile, 'waiting'>;

  constructor(serving: Serving, wait: RevisionWait, later: Pick<LaterCompile, 'waiting'>) {
    this.#serving = serving;
    this.#wait = wait;
    this.#later = later;
  }

  /**
   * Synchronous, unless the revision is waited for or the answer comes later.
   * @param answer is told whether the state is below the bound
   * @throws FlagstreamError NOT_READY, REVISION_NOT_REACHED, REVISION_FORKED, OVERLOADED, or what `answer` throws
   */
  answer<R>(
    bound: RevisionBound,
    call: CallContext,
    answer: (below: boolean) => R | Promise<R>,
  ): R | Promise<R> {
    this.#serving.requireReady();
    const waiting = this.#wait.until(bound.minRevision, call, bound.allowStale);
    if (waiting === undefined) return this.#answered(answer, false);
    return waiting.then((outcome) => this.#answered(answer, outcome === 'below'));
  }

  /** The same for an answer that tells of all flags: it comes once all are compiled. */
  answerOfAll<R>(
    bound: RevisionBound,
    call: CallContext,
    answer: (below: boolean) => R | Promise<R>,
  ): R | Promise<R> {
    this.#serving.requireReady();
    const waiting = this.#later.waiting();
    return waiting === undefined
      ? this.answer(bound, call, answer)
      : waiting.then(() => this.answer(bound, call, answer));
  }

  #answered<R>(answer: (below: boolean) => R | Promise<R>, below: boolean): R | Promise<R> {
    try {
      const answered = answer(below);
      return answered instanceof Promise ? answered.catch((thrown) => this.#refuse(thrown, below)) : answered;
    } catch (thrown) {
      return this.#refuse(thrown, below);
    }
  }

  #refuse(thrown: unknown, below: boolean): never {
    throw thrown instanceof FlagstreamError ? withMetadata(thrown, this.#serving.place(below)) : thrown;
  }
}

/** What a client has refused: it is not sent again at once, and not never. */
import type { Position } from './position.ts';
import type { SyncEnvironment } from './sync-environment.ts';

export class RefusedTransfer {
  readonly #to: Position;
  readonly #retryMs: number;

  /**
   * @param to the revision that it led to
   * @param retryMs when it may be tried again, in ms of the caller's clock
   */
  constructor(to: Position, retryMs: number) {
    this.#to = to;
    this.#retryMs = retryMs;
  }

  /** Something has changed since, or it is long ago. */
  mayBeMended(env: SyncEnvironment, nowMs: number): boolean {
    // A refused set of another epoch may be withdrawn: its revision says nothing here.
    const isAnotherEpoch = this.#to.epoch !== env.head().epoch;
    return isAnotherEpoch || env.changedRevision() > this.#to.revision || nowMs >= this.#retryMs;
  }
}

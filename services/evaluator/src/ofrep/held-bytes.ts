/** What this port holds for its callers, in bytes: requests that arrive, and answers that are still to be taken. */
import { fail } from '@flagstream/protocol';

export class HeldBytes {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws FlagstreamError OVERLOADED where there is no room for them */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#max)
      throw fail('OVERLOADED', 'too many requests and answers are on their way here', {
        retryAfterMs: 1_000,
      });
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What one request holds until it is over. */
export class RequestHold {
  readonly #all: HeldBytes;
  #bytes = 0;

  constructor(all: HeldBytes) {
    this.#all = all;
  }

  /** @throws FlagstreamError OVERLOADED where there is no room for them */
  take(bytes: number): void {
    this.#all.take(bytes);
    this.#bytes += bytes;
  }

  release(): void {
    this.#all.give(this.#bytes);
    this.#bytes = 0;
  }
}

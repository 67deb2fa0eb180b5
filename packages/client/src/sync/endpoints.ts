/**
 * Which evaluator to try. The list is a set of equals: each client starts at a
 * random one, so that a fleet with the same list spreads over all of them.
 *
 * One that did not answer is left alone for as long as another one does, if
 * only to say that it has no room: what is full for a moment is no reason to
 * ask what is gone.
 */
export class Endpoints {
  readonly #endpoints: readonly string[];
  #index: number;
  /** Attempts at the current one that failed, refused ones among them. */
  #failures = 0;
  /** That did not answer when they were last tried, or went with a stream, or are about to go. */
  readonly #gone = new Set<number>();

  /** @param random uniform in [0, 1) */
  constructor(endpoints: readonly string[], random: () => number) {
    if (endpoints.length === 0) throw new RangeError('at least one endpoint is needed');
    this.#endpoints = endpoints;
    this.#index = Math.floor(random() * endpoints.length);
  }

  get current(): string {
    return this.#endpoints[this.#index]!;
  }

  get several(): boolean {
    return this.#endpoints.length > 1;
  }

  /** It did not answer. After two failures in a row another one is tried. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) this.leave();
  }

  /** It answered that it has no room now. After two failures in a row another one is tried, if one may be there. */
  refused(): void {
    this.#failures += 1;
    if (this.#failures >= REFUSALS_MAX) this.#gone.clear();
    if (this.#failures >= FAILURES_MAX && this.#mayBeElsewhere) this.next();
  }

  /** It is gone, or is about to go. */
  leave(): void {
    const from = this.#index;
    this.next();
    this.#gone.add(from);
  }

  /** To another one: to one that is gone where all others are. */
  next(): void {
    this.#failures = 0;
    if (!this.several) return;
    if (!this.#mayBeElsewhere) this.#gone.clear();
    do this.#index = (this.#index + 1) % this.#endpoints.length;
    while (this.#gone.has(this.#index));
  }

  get #mayBeElsewhere(): boolean {
    return this.#endpoints.some((_, index) => index !== this.#index && !this.#gone.has(index));
  }

  /** A connection has lived: what failed before no longer counts. */
  lived(): void {
    this.#failures = 0;
    this.#gone.delete(this.#index);
  }
}

const FAILURES_MAX = 2;
/** Half a minute of places in a crowded line: those that were gone may be back. */
const REFUSALS_MAX = 10;

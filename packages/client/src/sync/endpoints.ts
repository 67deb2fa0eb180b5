/**
 * Which evaluator to try. The list is a set of equals: each client starts at a
 * random one, so that a fleet with the same list spreads over all of them.
 */
export class Endpoints {
  readonly #endpoints: readonly string[];
  #index: number;
  #failures = 0;

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

  /** After two failures in a row another one is tried. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) this.next();
  }

  next(): void {
    this.#index = (this.#index + 1) % this.#endpoints.length;
    this.#failures = 0;
  }

  /** A connection has lived: what failed before no longer counts. */
  lived(): void {
    this.#failures = 0;
  }
}

const FAILURES_MAX = 2;

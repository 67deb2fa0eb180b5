/** Clients that evaluate in their own process, counted by their engines; one that answers splits otherwise is named once. */
import type { Logger } from '@flagstream/runtime';
import { type ClientEngine, dividesOtherwise } from './client-engine.ts';

export class Subscribers {
  readonly #logger: Logger;
  readonly #open = new Map<ClientEngine, number>();
  readonly #named = new Set<string>();
  #bytes = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Open streams by engine. */
  get open(): ReadonlyMap<ClientEngine, number> {
    return this.#open;
  }

  /** Bytes of documents that were handed to connections. */
  get bytes(): number {
    return this.#bytes;
  }

  came(engine: ClientEngine): void {
    this.#open.set(engine, (this.#open.get(engine) ?? 0) + 1);
    if (!dividesOtherwise(engine) || this.#named.has(engine.name)) return;
    this.#named.add(engine.name);
    const { name, bucketing } = engine;
    this.#logger.warn(
      { engine: name, bucketing },
      'a client evaluates with an engine that divides subjects in another way: its splits are not those of this evaluator',
    );
  }

  left(engine: ClientEngine): void {
    this.#open.set(engine, (this.#open.get(engine) ?? 1) - 1);
  }

  sent(bytes: number): void {
    this.#bytes += bytes;
  }
}

/** Clients that evaluate in their own process, counted by their engines; one that answers splits otherwise is named once. */
import type { EnvironmentScope } from '@flagstream/replica';
import type { Logger } from '@flagstream/runtime';
import type { DeliveryLedger } from '../report/delivery-ledger.ts';
import { type ClientEngine, dividesOtherwise } from './client-engine.ts';

export class Subscribers {
  readonly #delivery: DeliveryLedger;
  readonly #logger: Logger;
  readonly #open = new Map<ClientEngine, number>();
  readonly #named = new Set<string>();
  #bytes = 0;

  constructor(delivery: DeliveryLedger, logger: Logger) {
    this.#delivery = delivery;
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

  came(scope: EnvironmentScope, engine: ClientEngine): void {
    this.#count(scope, engine, 1);
    if (!dividesOtherwise(engine) || this.#named.has(engine.name)) return;
    this.#named.add(engine.name);
    const { name, bucketing } = engine;
    this.#logger.warn(
      { engine: name, bucketing },
      'a client evaluates with an engine that divides subjects in another way: its splits are not those of this evaluator',
    );
  }

  left(scope: EnvironmentScope, engine: ClientEngine): void {
    this.#count(scope, engine, -1);
  }

  sent(bytes: number): void {
    this.#bytes += bytes;
  }

  #count(scope: EnvironmentScope, engine: ClientEngine, clients: number): void {
    this.#open.set(engine, (this.#open.get(engine) ?? 0) + clients);
    const counted = { engine: engine.name, splitsDiffer: dividesOtherwise(engine) };
    this.#delivery.of(scope).evaluating(counted, clients);
  }
}

/** What reports of nodes mean, beside their messages. */
import type { NackCode, SdkInfo } from '@flagstream/replica';
import type { EngineClients, SdkClients } from './gen/flagstream/v1/fleet.ts';
import type { NackCode as WireNackCode } from './gen/flagstream/v1/stream.ts';
import { NACKS } from './sync/words.ts';

/** Upper bounds of DeliveryTimes.counts, in milliseconds; one more count is for what took longer. */
export const DELIVERY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000,
];

/** The same SDKs together, the most frequent first. */
export function sumOfSdks(counted: Iterable<SdkClients>): SdkClients[] {
  const sums = new SdkCounts();
  for (const { sdk, clients } of counted) if (sdk !== undefined) sums.add(sdk, clients);
  return sums.all();
}

/** The same engines together, the most frequent first. */
export function sumOfEngines(counted: Iterable<EngineClients>): EngineClients[] {
  const sums = new EngineCounts();
  for (const { clients, ...engine } of counted) sums.add(engine, clients);
  return sums.all();
}

/** How many clients each SDK has, while they come and go. */
export class SdkCounts {
  readonly #counts = new ClientCounts<SdkInfo>(({ name, version, language }) => [name, version, language]);

  /** @param clients negative: they go */
  add(sdk: SdkInfo, clients: number): void {
    this.#counts.add(sdk, clients);
  }

  /** The most frequent first. */
  all(): SdkClients[] {
    return this.#counts.all().map(({ of, clients }) => ({ sdk: { ...of }, clients }));
  }
}

/** What evaluates in a client's process that has no SDK of ours. */
export type Engine = Omit<EngineClients, 'clients'>;

/** How many clients each engine has, while they come and go. */
export class EngineCounts {
  readonly #counts = new ClientCounts<Engine>(({ engine, splitsDiffer }) => [engine, String(splitsDiffer)]);

  /** @param clients negative: they go */
  add(engine: Engine, clients: number): void {
    this.#counts.add(engine, clients);
  }

  get empty(): boolean {
    return this.#counts.empty;
  }

  /** The most frequent first. */
  all(): EngineClients[] {
    return this.#counts.all().map(({ of, clients }) => ({ ...of, clients }));
  }
}

class ClientCounts<Kind> {
  readonly #wordsOf: (kind: Kind) => readonly string[];
  readonly #counts = new Map<string, { readonly of: Kind; clients: number }>();

  /** @param wordsOf what tells kinds apart */
  constructor(wordsOf: (kind: Kind) => readonly string[]) {
    this.#wordsOf = wordsOf;
  }

  add(of: Kind, clients: number): void {
    const key = this.#wordsOf(of).join('\0');
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { of, clients });
    else counted.clients += clients;
    if (counted?.clients === 0) this.#counts.delete(key);
  }

  get empty(): boolean {
    return this.#counts.size === 0;
  }

  all(): { readonly of: Kind; readonly clients: number }[] {
    return [...this.#counts.values()].sort((a, b) => b.clients - a.clients);
  }
}

export function nackCodeToWire(code: NackCode): WireNackCode {
  return NACKS.wire<WireNackCode>(code);
}

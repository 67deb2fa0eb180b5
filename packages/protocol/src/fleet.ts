/** What reports of nodes mean, beside their messages. */
import type { NackCode, SdkInfo } from '@flagstream/replica';
import type { SdkClients } from './gen/flagstream/v1/fleet.ts';
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

/** How many clients each SDK has, while they come and go. */
export class SdkCounts {
  readonly #counts = new Map<string, { readonly sdk: SdkInfo; clients: number }>();

  /** @param clients negative: they go */
  add(sdk: SdkInfo, clients: number): void {
    const key = `${sdk.name}\0${sdk.version}\0${sdk.language}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { sdk, clients });
    else counted.clients += clients;
    if (counted?.clients === 0) this.#counts.delete(key);
  }

  /** The most frequent first. */
  all(): SdkClients[] {
    return [...this.#counts.values()]
      .map(({ sdk, clients }) => ({ sdk: { ...sdk }, clients }))
      .sort((a, b) => b.clients - a.clients);
  }
}

export function nackCodeToWire(code: NackCode): WireNackCode {
  return NACKS.wire<WireNackCode>(code);
}

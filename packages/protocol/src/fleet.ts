/** What reports of nodes mean, beside their messages. */
import type { NackCode } from '@flagstream/replica';
import type { SdkClients } from './gen/flagstream/v1/fleet.ts';
import type { NackCode as WireNackCode } from './gen/flagstream/v1/stream.ts';
import { NACKS } from './sync/words.ts';

/** Upper bounds of DeliveryTimes.counts, in milliseconds; one more count is for what took longer. */
export const DELIVERY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000,
];

/** The same SDKs together, the most frequent first. */
export function sumOfSdks(counted: Iterable<SdkClients>): SdkClients[] {
  const sums = new Map<string, SdkClients>();
  for (const { sdk, clients } of counted) {
    const key = `${sdk?.name}\0${sdk?.version}\0${sdk?.language}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { sdk, clients });
    else sum.clients += clients;
  }
  return [...sums.values()].sort((a, b) => b.clients - a.clients);
}

export function nackCodeToWire(code: NackCode): WireNackCode {
  return NACKS.wire<WireNackCode>(code);
}

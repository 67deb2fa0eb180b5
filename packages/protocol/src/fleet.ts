/** What reports of nodes mean, beside their messages. */
import type { NackCode } from '@flagstream/replica';
import type { NackCode as WireNackCode } from './gen/flagstream/v1/stream.ts';
import { NACKS } from './sync/words.ts';

/** Upper bounds of DeliveryTimes.counts, in milliseconds; one more count is for what took longer. */
export const DELIVERY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000,
];

export function nackCodeToWire(code: NackCode): WireNackCode {
  return NACKS.wire<WireNackCode>(code);
}

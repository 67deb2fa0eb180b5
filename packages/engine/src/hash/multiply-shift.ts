/**
 * The native normaliser: floor(hash * buckets / 2^32), exact for every number
 * of buckets, without the bias of a remainder.
 */

/** Up to here hash * buckets is exact in a double. */
const EXACT_BUCKETS = 2 ** 21;

export function multiplyShift(hash: number, buckets: number): number {
  if (buckets <= EXACT_BUCKETS) return Math.floor((hash * buckets) / 2 ** 32);
  const high = (hash >>> 16) * buckets;
  const low = Math.floor(((hash & 0xffff) * buckets) / 2 ** 16);
  return Math.floor((high + low) / 2 ** 16);
}

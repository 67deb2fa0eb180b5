/**
 * MurmurHash3 x86 32 bit (Austin Appleby, public domain algorithm), the native
 * hash family.
 *
 * Place on the path: a gate's second step, after its text became bytes.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Hash of the first `length` bytes, as an unsigned 32-bit number. */
export function murmur3x86Prefix(bytes: Uint8Array, length: number, seed: number): number {
  let h = seed | 0;
  const tail = length & ~3;
  for (let i = 0; i < tail; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, C1);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, C2);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  const rest = length - tail;
  if (rest > 0) {
    let k = bytes[tail]!;
    if (rest > 1) k |= bytes[tail + 1]! << 8;
    if (rest > 2) k |= bytes[tail + 2]! << 16;
    k = Math.imul(k, C1);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, C2);
  }
  h ^= length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of all bytes, as an unsigned 32-bit number. Only the low 32 bits of the seed count. */
export function murmur3x86(bytes: Uint8Array, seed: number): number {
  return murmur3x86Prefix(bytes, bytes.length, seed);
}

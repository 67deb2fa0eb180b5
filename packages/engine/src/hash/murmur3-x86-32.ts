/**
 * MurmurHash3 x86 32 bit (Austin Appleby, public domain algorithm), the native
 * hash family.
 *
 * Place on the path: a gate's second step, after its text became bytes.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** The state after one block of four bytes, the first lowest. */
export function mixBlock(state: number, block: number): number {
  let k = Math.imul(block, C1);
  k = (k << 15) | (k >>> 17);
  let h = state ^ Math.imul(k, C2);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** The state after the first `length` bytes, a multiple of four. */
export function murmur3Start(bytes: Uint8Array, length: number, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < length; i += 4)
    h = mixBlock(h, bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  return h;
}

/** The hash after the last bytes, fewer than four; `length` is that of all. Without any, `rest` is 0. */
export function finish(state: number, rest: number, length: number): number {
  let k = Math.imul(rest, C1);
  k = (k << 15) | (k >>> 17);
  let h = state ^ Math.imul(k, C2) ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of the first `length` bytes, as an unsigned 32-bit number. */
export function murmur3x86Prefix(bytes: Uint8Array, length: number, seed: number): number {
  const tail = length & ~3;
  let rest = 0;
  for (let i = tail; i < length; i += 1) rest |= bytes[i]! << (8 * (i - tail));
  return finish(murmur3Start(bytes, tail, seed), rest, length);
}

/** Hash of all bytes, as an unsigned 32-bit number. Only the low 32 bits of the seed count. */
export function murmur3x86(bytes: Uint8Array, seed: number): number {
  return murmur3x86Prefix(bytes, bytes.length, seed);
}

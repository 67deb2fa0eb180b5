/** Damage as a disk does it. */

/** The same bytes, but for one bit of the first byte of `part`, which they hold once. */
export function flippedBit(bytes: Uint8Array, part: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(part);
  if (at < 0 || at !== copy.lastIndexOf(part)) throw new Error('the part is not there once');
  copy[at]! ^= 8;
  return copy;
}

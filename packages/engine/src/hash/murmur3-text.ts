/**
 * MurmurHash3 x86 32 of UTF-8 text behind a prefix whose share of the work is
 * done once: a gate hashes the same prefix in front of every subject.
 *
 * Place on the path: the native arithmetic's gates. What holds: equal to
 * murmur3x86 over the bytes of prefix and text.
 */
import { LIMITS } from '../limits.ts';
import { finish, mixBlock, murmur3Start } from './murmur3-x86-32.ts';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from './utf8.ts';

/** A prefix that was hashed as far as whole blocks go. */
export interface HashedPrefix {
  /** After its whole blocks. */
  readonly state: number;
  /** Its bytes beyond them, the first lowest. */
  readonly rest: number;
  /** In bytes. */
  readonly length: number;
}

/** Shared: hashing is synchronous and calls nothing foreign. */
const scratch = new Uint8Array(LIMITS.contextStringChars * UTF8_BYTES_PER_UNIT);

/** The prefix may have at most LIMITS.contextStringChars UTF-16 units. */
export function hashPrefix(prefix: string, seed: number): HashedPrefix {
  const length = encodeUtf8(prefix, scratch, 0);
  const whole = length & ~3;
  let rest = 0;
  for (let i = whole; i < length; i += 1) rest |= scratch[i]! << (8 * (i - whole));
  return { state: murmur3Start(scratch, whole, seed), rest, length };
}

/** Unsigned 32-bit number. The text may have at most LIMITS.contextStringChars UTF-16 units. */
export function hashBehind(state: number, rest: number, prefixLength: number, text: string): number {
  const shift = (prefixLength & 3) * 8;
  const { length } = text;
  const whole = length & ~3;
  let h = state;
  let carried = rest;
  let seen = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    const block = a | (b << 8) | (c << 16) | (d << 24);
    h = mixBlock(h, carried | (block << shift));
    // Shifting by 32 is shifting by nothing.
    carried = shift === 0 ? 0 : block >>> (32 - shift);
  }
  let at = shift;
  for (let i = whole; i < length; i += 1) {
    const unit = text.charCodeAt(i);
    seen |= unit;
    carried |= unit << at;
    at += 8;
    if (at < 32) continue;
    h = mixBlock(h, carried);
    carried = 0;
    at = 0;
  }
  return seen < 0x80
    ? finish(h, carried, prefixLength + length)
    : hashEncoded(state, rest, prefixLength, text);
}

/** Text that is not ASCII, byte by byte. */
function hashEncoded(state: number, rest: number, prefixLength: number, text: string): number {
  const length = encodeUtf8(text, scratch, 0);
  let h = state;
  let carried = rest;
  let at = (prefixLength & 3) * 8;
  for (let i = 0; i < length; i += 1) {
    carried |= scratch[i]! << at;
    at += 8;
    if (at < 32) continue;
    h = mixBlock(h, carried);
    carried = 0;
    at = 0;
  }
  return finish(h, carried, prefixLength + length);
}

/**
 * Bytes to be hashed, written one after the other.
 *
 * Place on the path: CBOR, and what is hashed of it. What holds: what grows it
 * is bounded by the steps of the walk.
 */
import { murmur3x86Prefix } from '../hash/murmur3-x86-32.ts';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from '../hash/utf8.ts';

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** The bytes are what it holds before it grows. */
  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** As UTF-8; answers how many bytes that were. */
  text(text: string): number {
    this.#reserve(text.length * UTF8_BYTES_PER_UNIT);
    const start = this.#length;
    this.#length = encodeUtf8(text, this.#bytes, start);
    return this.#length - start;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The bytes from `start` on. */
  since(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#length);
  }

  /** Takes back what was written from `start` on. */
  truncate(start: number): void {
    this.#length = start;
  }

  /** MurmurHash3 x86 32 bit with seed 0, unsigned. */
  hash(): number {
    return murmur3x86Prefix(this.#bytes, this.#length, 0);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

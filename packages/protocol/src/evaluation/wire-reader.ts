/**
 * Fields of an encoded message, read where they lie. For requests of which tens
 * of thousands arrive in a second: generated decoders make an object for each
 * field of a context, which costs more than to evaluate it.
 *
 * Holds true: nothing is read beyond the message that it is in. Groups, field 0
 * and other types than the contract's are refused or passed over, never read as
 * something else.
 */
import { fail } from '../errors.ts';
import { LIMITS } from '../limits.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** The tag of a field as it travels. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Of a longer request, few texts would hold all bytes a second time. */
const CUT_FROM_BYTES_MAX = LIMITS.streamedRequestBytesMax;
const KNOWN_SLOTS = 1_024;
const KNOWN_LENGTH_MAX = 40;

export class WireReader {
  readonly bytes: Buffer;
  /** Where the next field begins. */
  position = 0;
  #characters: string | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The next tag of a message that ends there. */
  tag(end: number): number {
    const tag = this.varint(end);
    if (tag >>> 3 === 0) throw undecodable('it has a field 0');
    return tag;
  }

  /** An unsigned number of 32 bits; of a longer one, its lowest. */
  varint(end: number): number {
    if (this.position >= end) throw endsEarly();
    // Tags and lengths have one byte, nearly always.
    const first = this.bytes[this.position]!;
    if (first >= 0x80) return this.#longVarint(end);
    this.position += 1;
    return first;
  }

  #longVarint(end: number): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= end) throw endsEarly();
      const byte = bytes[this.position++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw undecodable('it has a number of more than ten bytes');
  }

  /** A number of any length, as a truth value. */
  bool(end: number): boolean {
    const start = this.position;
    this.varint(end);
    for (let at = start; at < this.position; at++) if ((this.bytes[at]! & 0x7f) !== 0) return true;
    return false;
  }

  /** The end of a field with a length, whose content begins at `position`. */
  contentEnd(end: number): number {
    const length = this.varint(end);
    if (length > end - this.position) throw endsEarly();
    return this.position + length;
  }

  /** As numbers of eight bytes are. */
  double(end: number): number {
    if (end - this.position < 8) throw endsEarly();
    const value = this.bytes.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  text(end: number): string {
    const contentEnd = this.contentEnd(end);
    const start = this.position;
    this.position = contentEnd;
    return this.bytes.length <= CUT_FROM_BYTES_MAX && isAscii(this.bytes, start, contentEnd)
      ? this.#latin1().slice(start, contentEnd)
      : this.bytes.toString('utf8', start, contentEnd);
  }

  /** All bytes, a character each: to cut a text out of it takes a fifth of decoding it. */
  #latin1(): string {
    this.#characters ??= this.bytes.toString('latin1');
    return this.#characters;
  }

  /** A text that comes again and again, as keys of flags and names of attributes do. */
  name(end: number): string {
    const contentEnd = this.contentEnd(end);
    const name = knownText(this.bytes, this.position, contentEnd);
    this.position = contentEnd;
    return name;
  }

  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint(end);
        return;
      case FIXED64:
        this.#pass(8, end);
        return;
      case LENGTH_DELIMITED:
        this.position = this.contentEnd(end);
        return;
      case FIXED32:
        this.#pass(4, end);
        return;
      default:
        throw undecodable(`it has a field ${tag >>> 3} of wire type ${tag & 7}`);
    }
  }

  #pass(bytes: number, end: number): void {
    if (end - this.position < bytes) throw endsEarly();
    this.position += bytes;
  }
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= bytes[at]!;
  return bits < 0x80;
}

/** Short texts that were read last, each in the slot of its hash. */
const known: string[] = Array.from({ length: KNOWN_SLOTS }, () => '');

function knownText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > KNOWN_LENGTH_MAX) return bytes.toString('utf8', start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const slot = hash & (KNOWN_SLOTS - 1);
  const candidate = known[slot]!;
  if (isText(candidate, bytes, start, length)) return candidate;
  const text = bytes.toString('utf8', start, end);
  // Of others, characters and bytes do not compare one by one.
  if (text.length === length) known[slot] = text;
  return text;
}

function isText(candidate: string, bytes: Buffer, start: number, length: number): boolean {
  if (candidate.length !== length) return false;
  for (let at = 0; at < length; at++) if (candidate.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}

export function undecodable(why: string): Error {
  return fail('INVALID_FIELD', `the request cannot be decoded: ${why}`);
}

function endsEarly(): Error {
  return undecodable('it ends within a field');
}

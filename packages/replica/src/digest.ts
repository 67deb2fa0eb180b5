/**
 * State digest: the sum modulo 2^128 of the first 16 bytes of
 * SHA-256(kind|project|environment|key|version|content hash) over the live
 * entities of a scope. Independent of order and O(changes) to maintain; it
 * detects accidents, not attacks (those are the hash chain's and TLS's).
 *
 * Added up in words of 32 bits: a start adds tens of thousands of entities, and
 * a big integer for each would cost as much as its hash.
 */
import type { VersionedEntity } from './entity.ts';
import type { Codec } from './record.ts';

const DIGEST_BYTES = 16;
const WORDS = 4;
const WORD_MAX = 0xffff_ffff;

export class StateDigest {
  /** The most significant first. */
  readonly #words = new Uint32Array(WORDS);
  /** One object for all who keep it, as each stream with an open transfer does. */
  #halves: { readonly hi: bigint; readonly lo: bigint } | undefined;

  static of(sha256: Codec['sha256'], entities: Iterable<VersionedEntity>): StateDigest {
    const digest = new StateDigest();
    for (const entity of entities) if (!entity.change.deleted) digest.add(entityDigest(sha256, entity));
    return digest;
  }

  /** @throws RangeError for other than 16 bytes */
  static from(bytes: Uint8Array): StateDigest {
    if (bytes.length !== DIGEST_BYTES)
      throw new RangeError(`a state digest has ${DIGEST_BYTES} bytes, this one ${bytes.length}`);
    const digest = new StateDigest();
    digest.add(bytes);
    return digest;
  }

  /** @param summand its first 16 bytes count, big-endian */
  add(summand: Uint8Array): void {
    this.#halves = undefined;
    let carry = 0;
    for (let word = WORDS - 1; word >= 0; word--) {
      const sum = this.#words[word]! + wordAt(summand, word) + carry;
      // Kept modulo 2^32.
      this.#words[word] = sum;
      carry = sum > WORD_MAX ? 1 : 0;
    }
  }

  /** Undoes an `add`. */
  remove(summand: Uint8Array): void {
    this.#halves = undefined;
    let borrow = 0;
    for (let word = WORDS - 1; word >= 0; word--) {
      const difference = this.#words[word]! - wordAt(summand, word) - borrow;
      this.#words[word] = difference;
      borrow = difference < 0 ? 1 : 0;
    }
  }

  /** High and low 64 bits, as frames carry them. */
  get halves(): { readonly hi: bigint; readonly lo: bigint } {
    if (this.#halves === undefined) {
      const view = new DataView(this.toBytes().buffer);
      this.#halves = { hi: view.getBigUint64(0), lo: view.getBigUint64(8) };
    }
    return this.#halves;
  }

  /** 16 bytes, big-endian. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(DIGEST_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [word, value] of this.#words.entries()) view.setUint32(4 * word, value);
    return bytes;
  }
}

const SLASH = 0x2f;

/** Written anew for each entity: memory of its own for each of so short inputs would cost as much as its hash. */
let scratch = new Uint8Array(512);

/** One live entity's summand, in the first 16 bytes of what is answered. */
export function entityDigest(sha256: Codec['sha256'], { change, version }: VersionedEntity): Uint8Array {
  const { kind, project, environment, key, contentHash } = change;
  // entityKey and the version, without the text in between.
  const parts = [String(kind), project, environment, key, String(version)];
  let length = contentHash.length;
  for (const part of parts) length += part.length + 1;
  if (scratch.length < length) scratch = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    writeAscii(part, at);
    at += part.length;
    scratch[at++] = SLASH;
  }
  scratch.set(contentHash, at);
  return sha256(scratch.subarray(0, length));
}

/** Keys are ASCII by construction (the resource name grammar). */
function writeAscii(text: string, at: number): void {
  for (let i = 0; i < text.length; i++) scratch[at + i] = text.charCodeAt(i);
}

function wordAt(bytes: Uint8Array, word: number): number {
  const at = 4 * word;
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

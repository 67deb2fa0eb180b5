/**
 * State digest: the sum modulo 2^128 of the first 16 bytes of
 * SHA-256(kind|project|environment|key|version|content hash) over the live
 * entities of a scope. Independent of order and O(changes) to maintain; it
 * detects accidents, not attacks (those are the hash chain's and TLS's).
 */
import { entityKey, type VersionedEntity } from './entity.ts';
import type { Codec } from './record.ts';

const DIGEST_BYTES = 16;
const MASK = (1n << 128n) - 1n;

export class StateDigest {
  #sum = 0n;

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
    digest.#sum = readBigEndian(bytes);
    return digest;
  }

  add(entity: bigint): void {
    this.#sum = (this.#sum + entity) & MASK;
  }

  remove(entity: bigint): void {
    this.#sum = (this.#sum - entity) & MASK;
  }

  get value(): bigint {
    return this.#sum;
  }

  /** High and low 64 bits, as frames carry them. */
  get halves(): { readonly hi: bigint; readonly lo: bigint } {
    return { hi: this.#sum >> 64n, lo: this.#sum & ((1n << 64n) - 1n) };
  }

  /** 16 bytes, big-endian. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(DIGEST_BYTES);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, this.halves.hi);
    view.setBigUint64(8, this.halves.lo);
    return bytes;
  }
}

/** One live entity's summand. */
export function entityDigest(sha256: Codec['sha256'], entity: VersionedEntity): bigint {
  const { change, version } = entity;
  const id = asciiBytes(`${entityKey(change)}/${version}/`);
  const input = new Uint8Array(id.length + change.contentHash.length);
  input.set(id, 0);
  input.set(change.contentHash, id.length);
  return readBigEndian(sha256(input).subarray(0, DIGEST_BYTES));
}

/** Keys are ASCII by construction (the resource name grammar). */
function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function readBigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

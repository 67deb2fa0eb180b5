/**
 * The production codec with a memory: SHA-256 and the reading of a record are
 * pure, and a simulated cluster asks for the same ones again and again, once a
 * node.
 */
import { recordCodec } from '@flagstream/protocol';
import type { Codec, LogRecord } from '@flagstream/replica';

/** Digests remembered before all are forgotten. */
const DIGESTS_MAX = 20_000;

/** Of all worlds of this process: they write the same contents. */
const digests = new Map<string, Uint8Array>();

export function rememberingCodec(): Codec {
  const records = new WeakMap<Uint8Array, LogRecord>();
  return {
    ...recordCodec,
    sha256(bytes) {
      const key = keyOf(bytes);
      let digest = digests.get(key);
      if (digest === undefined) {
        digest = recordCodec.sha256(bytes);
        if (digests.size >= DIGESTS_MAX) digests.clear();
        digests.set(key, digest);
      }
      return digest;
    },
    decodeRecord(bytes) {
      let record = records.get(bytes);
      if (record === undefined) {
        record = recordCodec.decodeRecord(bytes);
        records.set(bytes, record);
      }
      return record;
    },
  };
}

/** Bytes as the key of a map. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/**
 * One record of the log, decoded. Its bytes are the truth; the fields are a
 * reading of them. The chain hash covers the bytes as they are:
 * SHA-256("flagstream1" || bytes).
 *
 * Encoding and SHA-256 are passed in (Codec), so this package needs neither
 * Node nor generated code.
 */
import type { EntityChange } from './entity.ts';

export type RecordKind = 'change' | 'genesis' | 'close' | 'noop';

export interface Actor {
  readonly id: string;
  readonly kind: string;
}

export interface PartRef {
  readonly sha256: Uint8Array;
  readonly size: number;
}

/** Where an epoch begins: its GENESIS has revision `baseRevision + 1`. */
export interface EpochBase {
  readonly epoch: number;
  readonly baseRevision: number;
  readonly baseHash: Uint8Array;
  readonly startedMs: number;
  readonly reason: string;
}

export interface Genesis {
  readonly lineage: readonly EpochBase[];
  readonly reason: string;
}

/** What a record says, before it is encoded. */
export interface RecordFields {
  readonly format: number;
  readonly logId: string;
  readonly epoch: number;
  readonly revision: number;
  readonly prevHash: Uint8Array;
  readonly opId: string;
  readonly requestDigest: Uint8Array;
  readonly kind: RecordKind;
  readonly actor: Actor;
  readonly wallMs: number;
  readonly comment: string;
  readonly minReader: number;
  readonly changes: readonly EntityChange[];
  readonly genesis?: Genesis;
  readonly parts: readonly PartRef[];
}

/** A record with the bytes that it was read from and their chain hash. */
export interface LogRecord extends RecordFields {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** What this package needs from outside to read and write records. */
export interface Codec {
  /** Must not keep `bytes`: they are overwritten. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Throws when the bytes are not a record. */
  decodeRecord(bytes: Uint8Array): LogRecord;
  encodeRecord(fields: RecordFields): LogRecord;
  /** Content of a part of an apply. Throws when the bytes are not a list of changes. */
  decodeChangeList(bytes: Uint8Array): readonly EntityChange[];
}

/** The format that this release writes. */
export const RECORD_FORMAT = 1;
/** Records whose min_reader is above this stop a reader. */
export const READER_VERSION = 1;
export const LOG_ID = 'main';

const CHAIN_DOMAIN = Uint8Array.of(0x66, 0x6c, 0x61, 0x67, 0x73, 0x74, 0x72, 0x65, 0x61, 0x6d, 0x31);

/** Chain hash of a record's bytes: SHA-256("flagstream1" || bytes). */
export function chainHash(sha256: Codec['sha256'], bytes: Uint8Array): Uint8Array {
  const input = new Uint8Array(CHAIN_DOMAIN.length + bytes.length);
  input.set(CHAIN_DOMAIN, 0);
  input.set(bytes, CHAIN_DOMAIN.length);
  return sha256(input);
}

/** First record of an epoch: revision baseRevision + 1, chained to baseHash. */
export function genesisFields(lineage: readonly EpochBase[], opId: string, actor: Actor): RecordFields {
  const base = lineage.at(-1);
  if (base === undefined) throw new RangeError('a lineage has at least one epoch');
  return {
    format: RECORD_FORMAT,
    logId: LOG_ID,
    epoch: base.epoch,
    revision: base.baseRevision + 1,
    prevHash: base.baseHash,
    opId,
    requestDigest: new Uint8Array(0),
    kind: 'genesis',
    actor,
    wallMs: base.startedMs,
    comment: base.reason,
    minReader: READER_VERSION,
    changes: [],
    genesis: { lineage, reason: base.reason },
    parts: [],
  };
}

/**
 * Records between bytes and replica's readings of them, with SHA-256 from Node.
 */
import { hash } from 'node:crypto';
import {
  type Codec,
  chainHash,
  type EntityChange,
  type EntityKind,
  type EpochBase,
  type HeadBeacon,
  type LogRecord,
  type RecordFields,
  type RecordKind,
  type VersionedEntity,
} from '@flagstream/replica';
import {
  ChangeSet,
  EntityChangeList,
  type SnapshotEntity,
  type EntityChange as WireEntityChange,
  type EpochBase as WireEpochBase,
  HeadBeacon as WireHeadBeacon,
  RecordKind as WireRecordKind,
} from './gen/flagstream/v1/record.ts';

/**
 * A revision, or any uint64 of ours, as a number.
 * @throws RangeError above 2^53-1, which no log of ours reaches.
 */
export function revisionNumber(wire: bigint): number {
  if (wire > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${wire} is not a revision`);
  return Number(wire);
}

const KINDS: ReadonlyMap<number, RecordKind> = new Map([
  [WireRecordKind.CHANGE, 'change'],
  [WireRecordKind.GENESIS, 'genesis'],
  [WireRecordKind.CLOSE, 'close'],
  [WireRecordKind.NOOP, 'noop'],
] as const);

const WIRE_KINDS: Readonly<Record<RecordKind, WireRecordKind>> = {
  change: WireRecordKind.CHANGE,
  genesis: WireRecordKind.GENESIS,
  close: WireRecordKind.CLOSE,
  noop: WireRecordKind.NOOP,
};

const SHA256_BYTES = 32;

/** Does not keep `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  // A start hashes short texts by the ten thousand. Node makes a text of the digest in a third of the time that a
  // Buffer takes it, and so small an array lies in V8's own heap.
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(SHA256_BYTES);
  for (let at = 0; at < SHA256_BYTES; at++) digest[at] = text.charCodeAt(at);
  return digest;
}

/** As bytes are that were decoded: what a record says of itself equals what others say of it. */
const bufferOfSha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

function decodeRecord(bytes: Uint8Array): LogRecord {
  const set = ChangeSet.decode(bytes);
  const kind = KINDS.get(set.kind);
  if (kind === undefined) throw new RangeError(`unknown record kind ${set.kind}`);
  return {
    bytes,
    hash: chainHash(bufferOfSha256, bytes),
    format: set.format,
    logId: set.logId,
    epoch: set.epoch,
    revision: revisionNumber(set.revision),
    prevHash: set.prevHash,
    opId: set.opId,
    requestDigest: set.requestDigest,
    kind,
    actor: { id: set.actor?.id ?? '', kind: set.actor?.kind ?? '' },
    wallMs: Number(set.wallMs),
    comment: set.comment,
    minReader: set.minReader,
    changes: set.changes.map(entityChangeFromWire),
    ...(set.genesis === undefined
      ? {}
      : { genesis: { lineage: set.genesis.lineage.map(epochBaseFromWire), reason: set.genesis.reason } }),
    parts: set.parts,
  };
}

function encodeRecord(fields: RecordFields): LogRecord {
  const bytes = ChangeSet.encode({
    format: fields.format,
    logId: fields.logId,
    epoch: fields.epoch,
    revision: BigInt(fields.revision),
    prevHash: fields.prevHash,
    opId: fields.opId,
    requestDigest: fields.requestDigest,
    kind: WIRE_KINDS[fields.kind],
    actor: { id: fields.actor.id, kind: fields.actor.kind },
    wallMs: BigInt(fields.wallMs),
    comment: fields.comment,
    minReader: fields.minReader,
    changes: fields.changes.map(entityChangeToWire),
    genesis:
      fields.genesis === undefined
        ? undefined
        : { lineage: fields.genesis.lineage.map(epochBaseToWire), reason: fields.genesis.reason },
    close: undefined,
    parts: [...fields.parts],
  }).finish();
  return { ...fields, bytes, hash: chainHash(bufferOfSha256, bytes) };
}

/** Replica's codec over generated code and Node's SHA-256. */
export const recordCodec: Codec = {
  sha256,
  decodeRecord,
  encodeRecord,
  decodeChangeList: (bytes) => EntityChangeList.decode(bytes).changes.map(entityChangeFromWire),
};

/** Content of a part of an apply. */
export function encodeChangeList(changes: readonly EntityChange[]): Uint8Array {
  return EntityChangeList.encode({ changes: changes.map(entityChangeToWire) }).finish();
}

export function entityChangeFromWire(change: WireEntityChange): EntityChange {
  return { ...change, kind: change.kind as EntityKind };
}

export function entityChangeToWire(change: EntityChange): WireEntityChange {
  return { ...change, tags: [...change.tags] };
}

export function epochBaseFromWire(base: WireEpochBase): EpochBase {
  return { ...base, baseRevision: revisionNumber(base.baseRevision), startedMs: Number(base.startedMs) };
}

export function epochBaseToWire(base: EpochBase): WireEpochBase {
  return { ...base, baseRevision: BigInt(base.baseRevision), startedMs: BigInt(base.startedMs) };
}

export function headBeaconFromWire(beacon: WireHeadBeacon): HeadBeacon {
  return {
    ...beacon,
    baseRevision: revisionNumber(beacon.baseRevision),
    headRevision: revisionNumber(beacon.headRevision),
  };
}

export function headBeaconToWire(beacon: HeadBeacon): WireHeadBeacon {
  return {
    ...beacon,
    baseRevision: BigInt(beacon.baseRevision),
    headRevision: BigInt(beacon.headRevision),
  };
}

/** As it travels over NATS, which knows no messages of ours. */
export function encodeHeadBeacon(beacon: HeadBeacon): Uint8Array {
  return WireHeadBeacon.encode(headBeaconToWire(beacon)).finish();
}

/** @throws Error when the bytes are no head beacon, RangeError for a number that no log of ours reaches */
export function decodeHeadBeacon(bytes: Uint8Array): HeadBeacon {
  return headBeaconFromWire(WireHeadBeacon.decode(bytes));
}

export function versionedEntityFromWire(entity: SnapshotEntity): VersionedEntity {
  if (entity.change === undefined) throw new RangeError('a snapshot entity without content');
  return { change: entityChangeFromWire(entity.change), version: revisionNumber(entity.version) };
}

export function versionedEntityToWire(entity: VersionedEntity): SnapshotEntity {
  return { change: entityChangeToWire(entity.change), version: BigInt(entity.version) };
}

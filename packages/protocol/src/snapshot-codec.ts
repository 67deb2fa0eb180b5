/**
 * Snapshots on the wire, in NATS and on disk: one header and chunks of entities
 * of bounded size. The digest is checked by the fold that starts from them.
 */
import {
  LOG_ID,
  READER_VERSION,
  RECORD_FORMAT,
  type Snapshot,
  type VersionedEntity,
} from '@flagstream/replica';
import { epochBaseFromWire, epochBaseToWire, revisionNumber, versionedEntityToWire } from './codec.ts';
import { fail } from './errors.ts';
import type { SnapshotEntity, SnapshotHeader } from './gen/flagstream/v1/record.ts';
import { LIMITS } from './limits.ts';

/** Bytes of an entity on the wire beside its content. */
const ENTITY_OVERHEAD_BYTES = 512;
const HASH_BYTES = 32;

export function snapshotHeaderToWire(snapshot: Snapshot): SnapshotHeader {
  const { position, lineage, stateDigest, entities, recentHashes } = snapshot;
  return {
    format: RECORD_FORMAT,
    logId: LOG_ID,
    epoch: position.epoch,
    revision: BigInt(position.revision),
    hash: Buffer.from(position.hash),
    stateDigest: Buffer.from(stateDigest),
    minReader: READER_VERSION,
    lineage: lineage.map(epochBaseToWire),
    entities: BigInt(entities.length),
    recentHashes: Buffer.concat(recentHashes),
  };
}

/** Entities in messages of bounded size; one entity never exceeds it by much. */
export function* snapshotChunks(snapshot: Snapshot): Generator<SnapshotEntity[], void, undefined> {
  let chunk: SnapshotEntity[] = [];
  let bytes = 0;
  for (const entity of snapshot.entities) {
    const size = entity.change.content.length + ENTITY_OVERHEAD_BYTES;
    if (chunk.length > 0 && bytes + size > LIMITS.watchLogBytesMax) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(versionedEntityToWire(entity));
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/** @throws FlagstreamError SCHEMA_TOO_NEW, or INTERNAL when chunks are missing. */
export function snapshotFromWire(
  header: SnapshotHeader,
  chunks: Iterable<readonly VersionedEntity[]>,
): Snapshot {
  if (header.minReader > READER_VERSION)
    throw fail('SCHEMA_TOO_NEW', `the snapshot needs reader ${header.minReader}, this is ${READER_VERSION}`);
  const entities = [...chunks].flat();
  if (BigInt(entities.length) !== header.entities)
    throw fail('INTERNAL', `the snapshot has ${entities.length} of ${header.entities} entities`);
  const recentHashes: Uint8Array[] = [];
  for (let at = 0; at + HASH_BYTES <= header.recentHashes.length; at += HASH_BYTES)
    recentHashes.push(header.recentHashes.subarray(at, at + HASH_BYTES));
  return {
    position: { epoch: header.epoch, revision: revisionNumber(header.revision), hash: header.hash },
    lineage: header.lineage.map(epochBaseFromWire),
    stateDigest: header.stateDigest,
    entities,
    recentHashes,
  };
}

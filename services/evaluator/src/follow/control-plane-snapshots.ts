/**
 * Snapshots from a control plane, over gRPC. The digest is checked by the fold
 * that starts from them.
 */
import {
  epochBaseFromWire,
  fail,
  fromServiceError,
  revisionNumber,
  versionedEntityFromWire,
} from '@flagstream/protocol';
import type { GetSnapshotResponse, LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import {
  READER_VERSION,
  type Snapshot,
  type SnapshotSource,
  type VersionedEntity,
} from '@flagstream/replica';
import type { ServiceError } from '@grpc/grpc-js';

/** A snapshot of the largest state takes some seconds; one that takes longer is tried anew. */
const SNAPSHOT_TIMEOUT_MS = 60_000;
const HASH_BYTES = 32;

export class ControlPlaneSnapshots implements SnapshotSource {
  readonly #client: LogServiceClient;

  constructor(client: LogServiceClient) {
    this.#client = client;
  }

  async fetch(): Promise<Snapshot> {
    const call = this.#client.getSnapshot({}, { deadline: Date.now() + SNAPSHOT_TIMEOUT_MS });
    let header: SnapshotHeader | undefined;
    const entities: VersionedEntity[] = [];
    try {
      for await (const message of call) {
        const { chunk } = message as GetSnapshotResponse;
        if (chunk?.$case === 'header') header = chunk.value;
        else if (chunk?.$case === 'entities')
          for (const entity of chunk.value.entities) entities.push(versionedEntityFromWire(entity));
      }
    } catch (error) {
      throw fromServiceError(error as ServiceError);
    }
    if (header === undefined) throw fail('INTERNAL', 'the control plane sent a snapshot without a header');
    return assemble(header, entities);
  }
}

/** @throws FlagstreamError when chunks are missing or this release cannot read the state */
function assemble(header: SnapshotHeader, entities: readonly VersionedEntity[]): Snapshot {
  if (header.minReader > READER_VERSION)
    throw fail('SCHEMA_TOO_NEW', `the snapshot needs reader ${header.minReader}, this is ${READER_VERSION}`);
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

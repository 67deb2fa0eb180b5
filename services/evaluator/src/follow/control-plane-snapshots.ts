/**
 * Snapshots from a control plane, over gRPC. The digest is checked by the fold
 * that starts from them.
 */
import { fail, fromServiceError, snapshotFromWire } from '@flagstream/protocol';
import type { GetSnapshotResponse, LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { SnapshotEntity, SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import type { Snapshot, SnapshotSource } from '@flagstream/replica';
import type { ServiceError } from '@grpc/grpc-js';

/** A snapshot of the largest state takes some seconds; one that takes longer is tried anew. */
const SNAPSHOT_TIMEOUT_MS = 60_000;

export class ControlPlaneSnapshots implements SnapshotSource {
  readonly #client: LogServiceClient;

  constructor(client: LogServiceClient) {
    this.#client = client;
  }

  async fetch(): Promise<Snapshot> {
    const call = this.#client.getSnapshot({}, { deadline: Date.now() + SNAPSHOT_TIMEOUT_MS });
    let header: SnapshotHeader | undefined;
    const chunks: (readonly SnapshotEntity[])[] = [];
    try {
      for await (const message of call) {
        const { chunk } = message as GetSnapshotResponse;
        if (chunk?.$case === 'header') header = chunk.value;
        else if (chunk?.$case === 'entities') chunks.push(chunk.value.entities);
      }
    } catch (error) {
      throw fromServiceError(error as ServiceError);
    }
    if (header === undefined) throw fail('INTERNAL', 'the control plane sent a snapshot without a header');
    return snapshotFromWire(header, chunks);
  }
}

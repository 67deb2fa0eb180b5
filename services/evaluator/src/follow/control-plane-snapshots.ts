/**
 * Snapshots from a control plane, over gRPC. One that no state can start from
 * is none: somebody else may have a better one.
 */
import {
  fail,
  fromServiceError,
  LIMITS,
  snapshotFromWire,
  versionedEntityFromWire,
} from '@flagstream/protocol';
import type { GetSnapshotResponse, LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import type { Snapshot, SnapshotSource, VersionedEntity } from '@flagstream/replica';
import { verifySnapshot } from '@flagstream/runtime';
import type { ServiceError } from '@grpc/grpc-js';

export class ControlPlaneSnapshots implements SnapshotSource {
  readonly origin = 'control-plane';
  readonly #client: LogServiceClient;

  constructor(client: LogServiceClient) {
    this.#client = client;
  }

  /**
   * @throws FlagstreamError UNREACHABLE, TIMEOUT, CANCELLED when it fell silent, or SCHEMA_TOO_NEW; Error when
   * the snapshot is not what its hashes and its digest say
   */
  async fetch(): Promise<Snapshot> {
    const call = this.#client.getSnapshot({}, { deadline: Date.now() + LIMITS.snapshotFetchMs });
    const silence = setTimeout(() => call.cancel(), LIMITS.snapshotSilenceMs);
    let header: SnapshotHeader | undefined;
    const chunks: VersionedEntity[][] = [];
    try {
      for await (const message of call) {
        silence.refresh();
        const { chunk } = message as GetSnapshotResponse;
        if (chunk?.$case === 'header') header = chunk.value;
        else if (chunk?.$case === 'entities') chunks.push(chunk.value.entities.map(versionedEntityFromWire));
      }
    } catch (error) {
      throw fromServiceError(error as ServiceError);
    } finally {
      clearTimeout(silence);
    }
    if (header === undefined) throw fail('INTERNAL', 'the control plane sent a snapshot without a header');
    return verifySnapshot(snapshotFromWire(header, chunks));
  }
}

/**
 * The folded state at the head, for evaluators that start or fell behind: live
 * entities, those deleted within the delta window, and the hashes by which a
 * client's revision is found on the lineage.
 */
import { LIMITS } from '@flagstream/protocol';
import type { Snapshot, SnapshotSource } from '@flagstream/replica';
import { verifySnapshot } from '@flagstream/runtime';
import type { AuditStore } from '../log/audit-store.ts';

export class Snapshots implements SnapshotSource {
  readonly origin = 'control-plane';
  readonly #store: AuditStore;
  /** Shared for as long as some stream still sends it. */
  #latest: WeakRef<Snapshot> | undefined;

  constructor(store: AuditStore) {
    this.#store = store;
  }

  /** Rejects when the snapshot is not what its hashes and its digest say: the log is damaged. */
  async fetch(): Promise<Snapshot> {
    return await verifySnapshot(this.take());
  }

  take(): Snapshot {
    const position = this.#store.head();
    const latest = this.#latest?.deref();
    if (latest?.position === position) return latest;
    const windowStart = position.revision - LIMITS.deltaWindowRevisions;
    const snapshot: Snapshot = {
      position,
      lineage: this.#store.lineage(),
      stateDigest: this.#store.stateDigest(),
      entities: this.#store.all().filter(({ change, version }) => !change.deleted || version > windowStart),
      recentHashes: this.#store.recentHashes(LIMITS.deltaWindowRevisions),
    };
    this.#latest = new WeakRef(snapshot);
    return snapshot;
  }
}

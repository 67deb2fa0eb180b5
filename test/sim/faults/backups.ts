/**
 * What the contract lets go when a control plane's file is put back from a
 * backup: what was not shipped, and what NATS loses before it was read back.
 */
import { bytesEqual } from '@flagstream/replica';
import type { Cluster } from '../cluster.ts';
import { markRestored } from '../nodes/disk-store.ts';
import type { Disk } from '../world/disk.ts';

export class Backups {
  readonly #cluster: Cluster;
  /** Head of a backup that was put back and has not read NATS yet. */
  #restoredRevision: number | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Puts a copy of the file, with this newest revision, in the place of the control plane's. */
  putBack(copy: Disk, revision: number): void {
    const { controlPlane, history } = this.#cluster;
    const kept = Math.max(revision, this.#inNats(revision));
    controlPlane.crash();
    controlPlane.disk.replaceBy(copy);
    markRestored(controlPlane.disk);
    this.#restoredRevision = revision;
    history.observe({ type: 'withdrawn', afterRevision: kept });
    controlPlane.start();
  }

  /** What NATS held is gone, perhaps before a backup that was put back has read it. */
  natsLost(): void {
    const { controlPlane, history } = this.#cluster;
    if (this.#restoredRevision === undefined) return;
    const hasRead = controlPlane.up && !controlPlane.log.store.restoredMark();
    if (hasRead) this.#restoredRevision = undefined;
    else history.observe({ type: 'withdrawn', afterRevision: this.#restoredRevision });
  }

  /** A person decides that the log goes on from here, whatever NATS holds. */
  tookOver(): void {
    this.natsLost();
  }

  /** Up to which revision NATS holds our log, without a hole after `from`. */
  #inNats(from: number): number {
    const { nats, history, codec } = this.#cluster;
    let newest = from;
    for (const epoch of nats.epochs()) {
      const stream = nats.stream(epoch)!;
      for (let seq = stream.firstSeq; seq <= stream.lastSeq; seq++) {
        const bytes = stream.read(seq)!;
        const ours = history.past.at(newest + 1)?.record;
        if (ours !== undefined && bytesEqual(bytes, ours.bytes)) newest = codec.decodeRecord(bytes).revision;
      }
    }
    return newest;
  }
}

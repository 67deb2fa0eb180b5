/**
 * What the contract lets go when a control plane's file is put back from a
 * backup: what was not shipped, and what NATS loses before it was read back.
 */
import { bytesEqual, type Position } from '@flagstream/replica';
import type { Cluster } from '../cluster.ts';
import { isMarkedRestored, markRestored, newestEpoch } from '../nodes/disk-store.ts';
import type { Disk } from '../world/disk.ts';

export class Backups {
  readonly #cluster: Cluster;
  /** Head of a backup that was put back and has not read NATS yet. */
  #unread: Position | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Puts a copy of the file, with this head, in the place of the control plane's. */
  putBack(copy: Disk, head: Position): void {
    const { controlPlane, history } = this.#cluster;
    const kept = this.#inNats(head);
    controlPlane.crash();
    const over = newestEpoch(controlPlane.disk, this.#cluster.codec);
    controlPlane.disk.replaceBy(copy);
    markRestored(controlPlane.disk, over);
    this.#unread = head;
    history.observe({ type: 'withdrawn', kept });
    controlPlane.start();
  }

  /** What NATS held is gone, perhaps before a backup that was put back has read it. */
  natsLost(): void {
    if (this.#unread !== undefined) this.#letGo(this.#inNats(this.#unread));
  }

  /** A person decides that the log goes on from here, whatever NATS holds. */
  tookOver(): void {
    if (this.#unread !== undefined) this.#letGo(this.#unread);
  }

  #letGo(kept: Position): void {
    const { controlPlane, history } = this.#cluster;
    if (!isMarkedRestored(controlPlane.disk)) this.#unread = undefined;
    else history.observe({ type: 'withdrawn', kept });
  }

  /** Up to where NATS holds what continues this record. */
  #inNats(from: Position): Position {
    const { nats, history } = this.#cluster;
    let newest = from;
    for (const epoch of nats.epochs()) {
      const stream = nats.stream(epoch)!;
      for (let seq = stream.firstSeq; seq <= stream.lastSeq; seq++) {
        const record = history.past.record(stream.read(seq)!);
        if (record !== undefined && bytesEqual(record.prevHash, newest.hash)) newest = record;
      }
    }
    return newest;
  }
}

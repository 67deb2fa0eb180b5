/**
 * Which record was the newest at an instant. Clocks of control planes may have
 * been set back, so times along the log need not ascend: the answer is the last
 * record that was written at or before the instant, whatever came in between.
 *
 * Holds true: the log's past never changes, so the earliest time of a whole
 * block of records is read once per process and tells which blocks to look into.
 */
import type { AuditStore } from '../log/audit-store.ts';
import type { Pace } from './pace.ts';

/** Records of one block: a block is read in about a millisecond. */
const BLOCK_RECORDS = 1024;

export class RecordTimes {
  readonly #store: Pick<AuditStore, 'head' | 'wallMsAt'>;
  /** Earliest time in each whole block, oldest block first. */
  readonly #earliest: number[] = [];

  constructor(store: Pick<AuditStore, 'head' | 'wallMsAt'>) {
    this.#store = store;
  }

  /** The last revision written at or before an instant (unix ms); undefined when there is none. */
  async lastUntil(instantMs: number, pace: Pace): Promise<number | undefined> {
    const head = this.#store.head().revision;
    await this.#readBlocks(Math.floor(head / BLOCK_RECORDS), pace);
    for (let block = Math.floor(head / BLOCK_RECORDS); block >= 0; block--) {
      const earliest = this.#earliest[block];
      if (earliest !== undefined && earliest > instantMs) continue;
      const found = this.#lastIn(block, head, instantMs);
      if (found !== undefined) return found;
      await pace.step();
    }
    return undefined;
  }

  #lastIn(block: number, head: number, instantMs: number): number | undefined {
    const first = block * BLOCK_RECORDS + 1;
    for (let revision = Math.min(head, first + BLOCK_RECORDS - 1); revision >= first; revision--)
      if ((this.#store.wallMsAt(revision) ?? Number.POSITIVE_INFINITY) <= instantMs) return revision;
    return undefined;
  }

  /** Another call may read blocks while this one pauses: each goes on where they are. */
  async #readBlocks(whole: number, pace: Pace): Promise<void> {
    while (this.#earliest.length < whole) {
      const first = this.#earliest.length * BLOCK_RECORDS + 1;
      let earliest = Number.POSITIVE_INFINITY;
      for (let revision = first; revision < first + BLOCK_RECORDS; revision++)
        earliest = Math.min(earliest, this.#store.wallMsAt(revision) ?? Number.POSITIVE_INFINITY);
      this.#earliest.push(earliest);
      await pace.step();
    }
  }
}

/**
 * A place in the log that moves forward as it is read. Readers pull: a slow one
 * costs a number, never a queue.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import type { Position, Store } from '@flagstream/replica';
import { isOfLog } from './own-position.ts';

/** Rows read at a time: each may hold half a megabyte. */
const READ_ROWS = 32;

export class LogCursor {
  readonly #store: Store;
  #revision: number;

  /**
   * Starts after a position. A position without a hash only says a place.
   * @throws FlagstreamError REVISION_FORKED when the position is not on this log's lineage.
   */
  constructor(store: Store, after: Position) {
    this.#store = store;
    this.#revision = after.revision;
    if (isOfLog(store, after)) return;
    throw fail('REVISION_FORKED', `revision ${after.revision} is not one of this log's: fetch a snapshot`, {
      metadata: { revision: String(after.revision), newest: String(store.head().revision) },
    });
  }

  /** The next records, within the limits of one message; at least one when there is one. */
  next(): Uint8Array[] {
    const records: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      const rows = this.#store.readLog(this.#revision, READ_ROWS);
      for (const row of rows) {
        bytes += row.bytes.length;
        if (records.length > 0 && bytes > LIMITS.watchLogBytesMax) return records;
        records.push(row.bytes);
        this.#revision = row.revision;
        if (records.length === LIMITS.watchLogRecordsMax) return records;
      }
      if (rows.length < READ_ROWS) return records;
    }
  }
}

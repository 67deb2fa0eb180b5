/** The one condition of every fold: the record is the next one. */
import { fail } from '@flagstream/protocol';
import { bytesEqual, type LogRecord, type Position } from '@flagstream/replica';

/**
 * Throws unless the record is the one after `head`, by number and by hash. The
 * first record of all is chained to the log's identity, which only it names.
 */
export function assertContinues(head: Position, record: LogRecord): void {
  if (record.revision !== head.revision + 1)
    throw fail('INTERNAL', `revision ${record.revision} does not follow head ${head.revision}`);
  if (head.revision > 0 && !bytesEqual(record.prevHash, head.hash))
    throw fail('INTERNAL', `revision ${record.revision} does not continue the chain`);
}

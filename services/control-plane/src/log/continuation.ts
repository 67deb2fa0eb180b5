/** What every fold asks of its record: it is the next one, and others can take it. */
import { fail, LIMITS } from '@flagstream/protocol';
import { bytesEqual, type LogRecord, type Position } from '@flagstream/replica';

/**
 * Throws unless the record is the one after `head`, by number and by hash, and
 * within its limit. The first record of all is chained to the log's identity,
 * which only it names.
 */
export function assertContinues(head: Position, record: LogRecord): void {
  // Committed, it could neither be shipped nor followed.
  if (record.bytes.length > LIMITS.recordBytesMax)
    throw fail(
      'LIMIT_EXCEEDED',
      `the record has ${record.bytes.length} bytes, the limit is ${LIMITS.recordBytesMax}`,
    );
  if (record.revision !== head.revision + 1)
    throw fail('INTERNAL', `revision ${record.revision} does not follow head ${head.revision}`);
  if (head.revision > 0 && !bytesEqual(record.prevHash, head.hash))
    throw fail('INTERNAL', `revision ${record.revision} does not continue the chain`);
}

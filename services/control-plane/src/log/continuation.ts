/** What every fold asks of its record: it is the next one, this release reads it, and others can take it. */
import { type FlagstreamError, fail, LIMITS } from '@flagstream/protocol';
import { bytesEqual, type LogRecord, type Position, READER_VERSION } from '@flagstream/replica';

/**
 * Throws unless the record is the one after `head`, by number, by hash and by
 * epoch, and within its limit. The first record of all is chained to the log's
 * identity, which only it names.
 * @throws FlagstreamError SCHEMA_TOO_NEW when only a newer release may read it: then nothing after it may
 * be read either.
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
  if (record.minReader > READER_VERSION) throw recordTooNew(record);
  if (!isOfEpoch(head, record))
    throw fail('INTERNAL', `revision ${record.revision} is of epoch ${record.epoch}, which has not begun`);
}

/** SCHEMA_TOO_NEW for a record that only a newer release may read. */
export function recordTooNew({ revision, minReader }: LogRecord): FlagstreamError {
  return fail('SCHEMA_TOO_NEW', `revision ${revision} needs reader ${minReader}, this is ${READER_VERSION}`);
}

/** An epoch begins with its GENESIS, and with nothing else; ORIGIN's is none. */
export function isOfEpoch(head: Position, { epoch, kind, genesis }: LogRecord): boolean {
  if (kind === 'genesis') return epoch > head.epoch && genesis?.lineage.at(-1)?.epoch === epoch;
  return genesis === undefined && epoch === head.epoch && head.revision > 0;
}

/** How SQLite says that a file is not what it should be, or that the disk does not obey. */
import { fail } from '@flagstream/protocol';
import Database from 'better-sqlite3';

/** SQLITE_ERROR is what statements of ours get where a table is not what this release made it. */
const DAMAGE = /^SQLITE_(NOTADB|CORRUPT|ERROR|SCHEMA|FORMAT|MISMATCH)/;

/**
 * Whether the file is damaged, no database, or one with other tables than
 * ours; not that it could not be read just now.
 */
export function isDamage(error: unknown): error is Error {
  return error instanceof Database.SqliteError && DAMAGE.test(error.code);
}

/** What SQLite says of a damaged file, as LOG_CORRUPT; of the disk, as asDiskFailure; anything else as it is. */
export function asDamage(error: unknown, path: string): unknown {
  return isDamage(error)
    ? fail('LOG_CORRUPT', `${path} is damaged: ${error.message}`, { metadata: { path }, cause: error })
    : asDiskFailure(error, `${path} cannot be read or copied`);
}

/**
 * What SQLite says of a disk that is full or does not obey, as STORAGE_FULL or
 * STORAGE_FAILED (a quota, a size limit, a broken disk); anything else as it is.
 * @param consequence what became of the work when the disk does not obey
 */
export function asDiskFailure(error: unknown, consequence: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (error.code === 'SQLITE_FULL')
    return fail('STORAGE_FULL', 'the disk is full: nothing was written', { cause: error });
  if (error.code.startsWith('SQLITE_IOERR'))
    return fail('STORAGE_FAILED', `the disk fails (${error.code}): ${consequence}`, { cause: error });
  return error;
}

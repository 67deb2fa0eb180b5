/** How SQLite says that a file is not what it should be. */
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

/** What SQLite says of a damaged file, as LOG_CORRUPT; anything else as it is. */
export function asDamage(error: unknown, path: string): unknown {
  return isDamage(error)
    ? fail('LOG_CORRUPT', `${path} is damaged: ${error.message}`, { metadata: { path }, cause: error })
    : error;
}

/**
 * A log's file opened for reading only: a backup, or the file of a control
 * plane that goes on writing to it meanwhile.
 */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail } from '@flagstream/protocol';
import type Database from 'better-sqlite3';
import { asDamage } from './file-damage.ts';
import { openFile, readPragma } from './native-objects.ts';
import { SCHEMA_VERSION } from './schema.ts';

/** The file of the log in a data folder. */
const DATABASE_FILE = 'flagstream.db';

/** The file that `path` names: itself, or the one in the data folder that it is. */
export function logFileOf(path: string): string {
  const absolute = resolve(path);
  return existsSync(absolute) && statSync(absolute).isDirectory() ? join(absolute, DATABASE_FILE) : absolute;
}

/**
 * Opens the file; the caller closes it.
 * @throws FlagstreamError BACKUP_UNUSABLE when it is not there or holds no log,
 * SCHEMA_TOO_NEW, LOG_CORRUPT.
 */
export function openForReading(path: string): Database.Database {
  if (!existsSync(path)) throw fail('BACKUP_UNUSABLE', `there is no file ${path}`, { metadata: { path } });
  const db = openFile(path, { readonly: true, fileMustExist: true });
  try {
    db.exec('PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    const version = Number(readPragma(db, 'user_version'));
    if (version > SCHEMA_VERSION)
      throw fail(
        'SCHEMA_TOO_NEW',
        `${path} has schema version ${version}, this release reads up to ${SCHEMA_VERSION}`,
        { metadata: { found: String(version), supported: String(SCHEMA_VERSION) } },
      );
    if (version === 0) throw fail('BACKUP_UNUSABLE', `${path} holds no log`, { metadata: { path } });
    return db;
  } catch (error) {
    db.close();
    throw asDamage(error, path);
  }
}

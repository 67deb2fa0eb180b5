/**
 * A copy of the log's file while it is written to: SQLite copies one moment of
 * it, the copy is verified, and only then has its name.
 *
 * Holds true: a file with a backup's name is whole, verified and on the disk.
 *
 * VACUUM INTO rather than SQLite's backup interface: that one begins again
 * whenever another process writes, and makes a native object for each backup
 * (see native-objects.ts). It copies what the tables hold, not the pages, so
 * damage in free pages stays behind.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, isSystemError, messageOf } from '@flagstream/protocol';
import type { Codec } from '@flagstream/replica';
import { asDamage } from './file-damage.ts';
import { logFileOf, openForReading } from './log-file.ts';
import { type LogFigures, verifyLog } from './verify-log.ts';

export interface Backup extends LogFigures {
  /** Absolute. */
  readonly path: string;
}

/** Begins the names of unfinished copies: nobody takes one for a backup. */
const UNFINISHED = '.unfinished-';

/**
 * Copies the log of `source`, a data folder or a file, to a new file `target`
 * of mode 0600, one step between two yields.
 * @throws FlagstreamError BACKUP_TARGET_EXISTS, BACKUP_UNUSABLE (no log in `source`),
 * LOG_CORRUPT, STORAGE_FULL, STORAGE_FAILED, DATA_DIR_UNWRITABLE; then there is no file `target`.
 */
export function* createBackup(source: string, target: string, codec: Codec): Generator<void, Backup> {
  const path = resolve(target);
  if (existsSync(path)) throw targetExists(path);
  const copy = join(dirname(path), `${UNFINISHED}${path.slice(dirname(path).length + 1)}`);
  try {
    copyDatabase(logFileOf(source), copy);
    yield;
    const figures = yield* verifyFile(copy, codec, 'stored');
    flush(copy);
    publish(copy, path);
    return { path, ...figures };
  } finally {
    rmSync(copy, { force: true });
  }
}

/** Verifies a file or the log of a data folder; see verifyLog. */
export function* verifyFile(
  path: string,
  codec: Codec,
  depth: 'stored' | 'folded',
): Generator<void, LogFigures> {
  const file = logFileOf(path);
  const db = openForReading(file);
  try {
    return yield* verifyLog(db, codec, depth);
  } catch (error) {
    throw asDamage(error, file);
  } finally {
    db.close();
  }
}

/** Removes what a crash left of copies in a folder whose names would have matched. */
export function removeUnfinished(folder: string, names: RegExp): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(UNFINISHED) && names.test(name.slice(UNFINISHED.length)))
      rmSync(join(folder, name), { force: true });
  }
}

/** Waits until a file, or the names in a folder, are on the disk. */
export function flush(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** An empty file of its owner alone, which SQLite takes for a new one. */
function prepare(copy: string): void {
  try {
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    rmSync(copy, { force: true });
    closeSync(openSync(copy, 'wx', 0o600));
    chmodSync(copy, 0o600);
  } catch (cause) {
    const detail = messageOf(cause);
    throw fail('DATA_DIR_UNWRITABLE', `cannot write the backup (${detail})`, { cause });
  }
}

/**
 * Copies one moment of a log's file to a new one of mode 0600, in one step.
 * What is there under that name is replaced.
 */
export function copyDatabase(source: string, copy: string): void {
  prepare(copy);
  const db = openForReading(source);
  try {
    db.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`);
  } catch (cause) {
    throw asDamage(cause, source);
  } finally {
    db.close();
  }
}

/** Gives the copy its name, unless somebody has taken it meanwhile. */
function publish(copy: string, path: string): void {
  try {
    linkSync(copy, path);
  } catch (cause) {
    if (isSystemError(cause, 'EEXIST')) throw targetExists(path);
    throw cause;
  }
  unlinkSync(copy);
  flush(dirname(path));
}

function targetExists(path: string): Error {
  return fail('BACKUP_TARGET_EXISTS', `${path} is there already`, { metadata: { path } });
}

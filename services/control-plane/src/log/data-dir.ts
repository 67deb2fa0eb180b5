/**
 * The data folder belongs to one process at a time. The claim is a lock inside
 * SQLite on a file of its own, held by the operating system for as long as the
 * process lives: `kill -9` leaves no stale lock behind.
 */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, messageOf } from '@flagstream/protocol';
import Database from 'better-sqlite3';
import { openFile } from './native-objects.ts';

export interface DataDir {
  /** Absolute. */
  readonly path: string;
  readonly databasePath: string;
  release(): void;
}

/**
 * Makes the folder (mode 0700) if it is not there and claims it.
 * @throws FlagstreamError DATA_DIR_UNWRITABLE, DATA_DIR_LOCKED.
 */
export function claimDataDir(dir: string): DataDir {
  const path = resolve(dir);
  const lock = openLock(path);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw unwritable(path, cause);
    throw fail(
      'DATA_DIR_LOCKED',
      `another process uses the data folder ${path}: stop it, or use another folder (--data DIR)`,
      { metadata: { path }, cause },
    );
  }
  return {
    path,
    databasePath: join(path, 'flagstream.db'),
    release: () => lock.close(),
  };
}

function openLock(path: string): Database.Database {
  const file = join(path, 'lock.db');
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    closeSync(openSync(file, 'a', 0o600));
    return openFile(file, { timeout: 0 });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Folder by folder: Node's own recursive form never returns below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function unwritable(path: string, cause: unknown): Error {
  const detail = messageOf(cause);
  return fail(
    'DATA_DIR_UNWRITABLE',
    `cannot write to the data folder ${path} (${detail}): ` +
      'make it writable, use another folder (--data DIR), or remove it and start anew (make reset)',
    { metadata: { path }, cause },
  );
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY');
}

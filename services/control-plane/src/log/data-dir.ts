/**
 * The data folder belongs to one process at a time. The claim is a lock inside
 * SQLite on a file of its own, held by the operating system for as long as the
 * process lives: `kill -9` leaves no stale lock behind.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, messageOf } from '@flagstream/protocol';
import Database from 'better-sqlite3';
import { openFile } from './native-objects.ts';

export interface DataDir {
  /** Absolute. */
  readonly path: string;
  readonly databasePath: string;
  /** The folder is open to others, and is not ours to close. */
  readonly isOpenToOthers: boolean;
  release(): void;
}

/** Access for the group and for all others. */
const OTHERS = 0o077;
/** Marks a folder that several users share. */
const STICKY = 0o1000;

/**
 * Makes the folder (mode 0700) if it is not there and claims it. One that is there is closed to others where it is ours.
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
    isOpenToOthers: !closedToOthers(path),
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

/**
 * The log and its backups name people. Only after the claim: a folder that is not taken is left as it is.
 * @returns whether only its owner may enter it now
 */
function closedToOthers(path: string): boolean {
  const { mode, uid } = statSync(path);
  if ((mode & OTHERS) === 0) return true;
  // Root may close also what is not its own, and /tmp, which everybody uses.
  if (uid !== process.getuid?.() || (mode & STICKY) !== 0) return false;
  try {
    chmodSync(path, mode & 0o7777 & ~OTHERS);
    return true;
  } catch {
    // A file system without modes: the caller warns, as of another user's folder.
    return false;
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

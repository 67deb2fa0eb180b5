/**
 * A backup put back as a data folder's log. The copy is verified before
 * anything in the folder changes, and marked: a control plane writes nothing
 * to it before it has compared it with what NATS still holds.
 *
 * Holds true: nothing is deleted; what stood in the folder stays beside it
 * under another name.
 */
import { existsSync, linkSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail } from '@flagstream/protocol';
import type { Codec } from '@flagstream/replica';
import { copyDatabase, flush, verifyFile } from './backup.ts';
import { claimDataDir, type DataDir } from './data-dir.ts';
import { asDiskFailure, isDamage } from './file-damage.ts';
import { KEPT_ASIDE, knownEpochs } from './known-epochs.ts';
import { logFileOf } from './log-file.ts';
import { openFile } from './native-objects.ts';
import { openDatabase } from './schema.ts';
import type { LogFigures } from './verify-log.ts';

export interface Restored extends LogFigures {
  /** The folder's log, absolute. */
  readonly path: string;
  /** Where the log that stood there is now; undefined when there was none. */
  readonly keptAs: string | undefined;
  /** False when that one did not tell which epochs it had begun: the next one is chosen by an estimate. */
  readonly epochsKnown: boolean;
}

export interface RestoreOptions {
  /** Keep a log that stands in the folder aside, in place of refusing. */
  readonly replace: boolean;
  /** Unix milliseconds: names what is kept aside. */
  readonly nowMs: number;
}

/** SQLite's files beside the database. */
const COMPANIONS = ['-wal', '-shm'];

/**
 * @throws FlagstreamError BACKUP_UNUSABLE, LOG_CORRUPT, SCHEMA_TOO_NEW (of the
 * backup), DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, DATA_DIR_NOT_EMPTY, STORAGE_FULL,
 * STORAGE_FAILED; then the folder's log is as it was.
 */
export function* restoreBackup(
  backup: string,
  dataDir: string,
  codec: Codec,
  options: RestoreOptions,
): Generator<void, Restored> {
  const source = logFileOf(resolve(backup));
  if (!existsSync(source)) throw fail('BACKUP_UNUSABLE', `there is no file ${source}`);
  const folder = claimDataDir(dataDir);
  try {
    return yield* restoreInto(folder, source, codec, options);
  } finally {
    folder.release();
  }
}

function* restoreInto(
  folder: DataDir,
  source: string,
  codec: Codec,
  { replace, nowMs }: RestoreOptions,
): Generator<void, Restored> {
  const path = folder.databasePath;
  if (existsSync(path) && !replace)
    throw fail('DATA_DIR_NOT_EMPTY', `the folder ${folder.path} holds a log already`, {
      metadata: { path },
    });
  const copy = join(folder.path, 'restoring.db');
  try {
    removeDatabase(copy);
    copyDatabase(source, copy);
    const figures = yield* verifyFile(copy, codec, 'folded');
    if (figures.revision === 0) throw fail('BACKUP_UNUSABLE', `${source} holds a log without a revision`);
    if (existsSync(path)) gather(path);
    const { newest, certain } = knownEpochs(path, figures.epoch);
    mark(copy, newest);
    const keptAs = existsSync(path) ? keepAside(path, nowMs) : undefined;
    renameSync(copy, path);
    flush(folder.path);
    return { path, keptAs, epochsKnown: certain, ...figures };
  } finally {
    removeDatabase(copy);
  }
}

/** Brings the copy to this release's schema and marks it as restored over such an epoch, on the disk. */
function mark(copy: string, newestEpoch: number): void {
  const db = openDatabase(copy, 'full');
  try {
    db.exec(`UPDATE note SET restored = 1, restored_over = max(restored_over, ${newestEpoch})`);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (cause) {
    throw asDiskFailure(cause, 'nothing was restored');
  } finally {
    db.close();
  }
  flush(copy);
}

/**
 * Brings what the write-ahead log holds into the file itself: whoever ends this
 * process halfway through the exchange finds the old log whole. A damaged one is
 * kept as it is.
 */
function gather(path: string): void {
  try {
    const db = openFile(path);
    try {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
  } catch (cause) {
    if (!isDamage(cause)) throw asDiskFailure(cause, 'nothing was restored');
  }
}

/**
 * Gives the log that stands there a second name, and takes away what SQLite
 * would otherwise read into the file that comes to its place.
 */
function keepAside(path: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const first = `${path}${KEPT_ASIDE}${stamp}`;
  let keptAs = first;
  for (let n = 2; ['', ...COMPANIONS].some((suffix) => existsSync(keptAs + suffix)); n++)
    keptAs = `${first}-${n}`;
  const found = ['', ...COMPANIONS].filter((suffix) => existsSync(path + suffix));
  for (const suffix of found) linkSync(path + suffix, keptAs + suffix);
  for (const suffix of COMPANIONS) if (found.includes(suffix)) unlinkSync(path + suffix);
  return keptAs;
}

function removeDatabase(path: string): void {
  for (const suffix of ['', ...COMPANIONS]) rmSync(path + suffix, { force: true });
}

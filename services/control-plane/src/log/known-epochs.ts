/**
 * The epochs that the log of a data folder may have begun, as far as its files
 * still tell: a backup that takes its place must begin none of them again.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nextEpoch } from '@flagstream/replica';
import type Database from 'better-sqlite3';
import { keep, openFile } from './native-objects.ts';

export interface KnownEpochs {
  /** Newest epoch that the log has begun, or may have. */
  readonly newest: number;
  /** False when its file did not tell, so that this is an estimate. */
  readonly certain: boolean;
}

/** Names a log that was kept aside; what follows is when. */
export const KEPT_ASIDE = '.replaced-';

/** Each on its own: a table that is damaged, or not there in another release's file, hides no other. */
const TELLING = [
  'SELECT epoch FROM head',
  'SELECT restored_over FROM note',
  // Release by release: the mark of a restored file was that epoch once.
  'SELECT restored FROM note',
  'SELECT max(epoch) FROM epoch',
];

/** Above it nothing fits into a record: a damaged page says anything. */
const EPOCH_MAX = 0x7fffffff;

/**
 * What the log at `path` has begun, which `backupEpoch` is put in the place of. A log that does not tell
 * is taken for a restored one, whose epochs lie far above those of the log that it took the place of.
 */
export function knownEpochs(path: string, backupEpoch: number): KnownEpochs {
  if (!existsSync(path)) return { newest: 0, certain: true };
  const told = newestEpochOf(path);
  if (told !== undefined) return { newest: told, certain: true };
  const newest = keptAside(path).map(newestEpochOf).reduce<number>(orRestored, backupEpoch);
  return { newest: nextEpoch(newest, true), certain: false };
}

function orRestored(before: number, told: number | undefined): number {
  return told === undefined ? nextEpoch(before, true) : Math.max(before, told);
}

/** Logs that stood there before, oldest first. */
function keptAside(path: string): readonly string[] {
  const folder = dirname(path);
  return readdirSync(folder)
    .filter((name) => name.startsWith(basename(path) + KEPT_ASIDE) && !/-(wal|shm)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Undefined when nothing in the file tells. The schema is not asked for: a newer one may tell as well. */
function newestEpochOf(path: string): number | undefined {
  let db: Database.Database | undefined;
  try {
    db = openFile(path, { readonly: true, fileMustExist: true });
    const opened = db;
    const told = TELLING.map((query) => ask(opened, query)).filter((epoch) => epoch !== undefined);
    return told.length === 0 ? undefined : Math.max(...told);
  } catch {
    // No database at all any more.
    return undefined;
  } finally {
    db?.close();
  }
}

function ask(db: Database.Database, query: string): number | undefined {
  try {
    const epoch = keep(db.prepare<[], number | null>(query)).pluck().get();
    return typeof epoch === 'number' && epoch >= 1 && epoch <= EPOCH_MAX ? epoch : undefined;
  } catch {
    // The other questions stand.
    return undefined;
  }
}

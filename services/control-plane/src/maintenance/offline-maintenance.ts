/**
 * Work on a log's file at the command line, whether or not a control plane
 * runs on it. Blocks until it is done.
 */
import { recordCodec } from '@flagstream/protocol';
import { type Backup, createBackup, verifyFile } from '../log/backup.ts';
import { type Restored, type RestoreOptions, restoreBackup } from '../log/restore.ts';
import type { LogFigures } from '../log/verify-log.ts';

/**
 * Verifies a backup, or the log of a data folder: everything that is hashed,
 * and that the log folds to what is stored.
 * @throws FlagstreamError LOG_CORRUPT, BACKUP_UNUSABLE, SCHEMA_TOO_NEW
 */
export function verifyLogFile(path: string): LogFigures {
  return finish(verifyFile(path, recordCodec, 'folded'));
}

/** See createBackup. */
export function backUpLog(source: string, target: string): Backup {
  return finish(createBackup(source, target, recordCodec));
}

/** See restoreBackup. */
export function restoreLog(backup: string, dataDir: string, options: RestoreOptions): Restored {
  return finish(restoreBackup(backup, dataDir, recordCodec, options));
}

function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

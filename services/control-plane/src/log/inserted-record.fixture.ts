/** Records in a log file that this release would not write. For tests. */
import type { LogRecord, Position } from '@flagstream/replica';
import { keep, openFile } from './native-objects.ts';

/** Puts a record into a file as another release does, whatever it says. Answers the new head. */
export function insertRecord(path: string, record: LogRecord): Position {
  const { epoch, revision, hash, opId, wallMs, bytes } = record;
  const db = openFile(path);
  keep(
    db.prepare('INSERT INTO log (revision, epoch, hash, op_id, wall_ms, bytes) VALUES (?, ?, ?, ?, ?, ?)'),
  ).run(revision, epoch, hash, opId, wallMs, bytes);
  keep(db.prepare('UPDATE head SET epoch = ?, revision = ?, hash = ?')).run(epoch, revision, hash);
  db.close();
  return { epoch, revision, hash };
}

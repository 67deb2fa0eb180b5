/** Whether a position is of this log: another branch of it has revisions of the same number. */
import { bytesEqual, type Position, type Store } from '@flagstream/replica';

/** A position without a hash only says a place. */
export function isOfLog(
  store: Pick<Store, 'recordAt'>,
  { revision, hash }: Pick<Position, 'revision' | 'hash'>,
): boolean {
  if (revision === 0) return true;
  const own = store.recordAt(revision);
  return own !== undefined && (hash.length === 0 || bytesEqual(own.hash, hash));
}

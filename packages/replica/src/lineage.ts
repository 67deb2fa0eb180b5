/**
 * How a place stands to a state: on its lineage, beyond it, or of another
 * branch. The one comparison that heads, snapshots and clients' positions go
 * through; also the number of the epoch that a log goes on in. Pure.
 */
import { bytesEqual, type Place, type Position } from './position.ts';
import type { EpochBase } from './record.ts';

/** What a state tells about its place in the log; LogState is one. */
export interface HeldLog {
  readonly position: Position;
  /** Epochs that it went through, oldest first. */
  readonly lineage: readonly EpochBase[];
  /** Chain hash at a revision, when it is known. */
  hashAt(revision: number): Uint8Array | undefined;
}

export type Standing =
  /** The state's own position. */
  | 'here'
  /** An earlier place of the same lineage. */
  | 'behind'
  /** A later revision or epoch: whether it continues this lineage is not known. */
  | 'ahead'
  /** Another record stands there on this lineage, or the lineage had left that epoch before it. */
  | 'foreign'
  /** Older than what the state remembers hashes of. */
  | 'unknown';

export function standing(held: HeldLog, place: Position): Standing {
  const { position, lineage } = held;
  if (position.revision === 0) return place.revision === 0 ? 'here' : 'ahead';
  if (place.epoch > position.epoch) return 'ahead';
  if (place.epoch < position.epoch) {
    if (!isOnLineage(place, lineage)) return 'foreign';
  } else if (place.revision > position.revision) return 'ahead';
  const known = held.hashAt(place.revision);
  if (known === undefined) return 'unknown';
  if (!bytesEqual(known, place.hash)) return 'foreign';
  return place.revision === position.revision ? 'here' : 'behind';
}

/**
 * Whether this lineage issued such a revision in that epoch: an epoch counts from where it took over up to
 * where the next one does.
 */
export function isOnLineage({ epoch, revision }: Place, lineage: readonly EpochBase[]): boolean {
  const at = lineage.findIndex((base) => base.epoch === epoch);
  const [own, next] = at < 0 ? [] : lineage.slice(at, at + 2);
  return (
    own !== undefined && revision > own.baseRevision && (next === undefined || revision <= next.baseRevision)
  );
}

/** More than a log begins between a backup and its return. */
const UNKNOWN_EPOCHS_MAX = 1_000;

/**
 * The epoch that a log goes on in. Epochs that were begun after a backup, and seen, are not known to the file
 * that was put back, and NATS may have lost them as well: a follower that is in one never goes back to an
 * earlier one.
 */
export function nextEpoch(newestKnown: number, restored: boolean): number {
  return newestKnown + (restored ? UNKNOWN_EPOCHS_MAX : 1);
}

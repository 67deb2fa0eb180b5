/**
 * "Not older than this revision": whether a state holds a revision that somebody
 * saw elsewhere. One rule for evaluators and the control plane. Pure.
 *
 * Holds true: a revision of another epoch is met only if it lies on this
 * lineage; one that was withdrawn by a heal is told as forked, never waited for.
 */
import { bytesEqual, type Position } from './position.ts';
import type { EpochBase } from './record.ts';

/** A revision as a reader carries it. */
export interface WantedRevision {
  /** 0: whichever epoch is the newest. */
  readonly epoch: number;
  readonly revision: number;
  /** Chain hash; empty where only the order matters. */
  readonly hash: Uint8Array;
}

/** What a state tells about its place in the log; LogState is one. */
export interface HeldLog {
  readonly position: Position;
  readonly lineage: readonly EpochBase[];
  /** Chain hash at a revision, when it is known. */
  hashAt(revision: number): Uint8Array | undefined;
}

export type Reach =
  /** The state holds it. */
  | 'reached'
  /** Not yet. */
  | 'ahead'
  /** It never will: the revision is not of this lineage. */
  | 'forked';

export function reached(wanted: WantedRevision, held: HeldLog): Reach {
  if (wanted.revision === 0) return 'reached';
  const { position } = held;
  if (wanted.epoch > position.epoch) return 'ahead';
  if (wanted.epoch !== 0 && !isOnLineage(wanted, held.lineage)) return 'forked';
  if (wanted.revision > position.revision) return 'ahead';
  if (wanted.hash.length === 0) return 'reached';
  const own = wanted.revision === position.revision ? position.hash : held.hashAt(wanted.revision);
  return own === undefined || bytesEqual(own, wanted.hash) ? 'reached' : 'forked';
}

/** An epoch counts from where it took over up to where the next one does. */
function isOnLineage({ epoch, revision }: WantedRevision, lineage: readonly EpochBase[]): boolean {
  const at = lineage.findIndex((base) => base.epoch === epoch);
  const [own, next] = at < 0 ? [] : lineage.slice(at, at + 2);
  return (
    own !== undefined && revision > own.baseRevision && (next === undefined || revision <= next.baseRevision)
  );
}

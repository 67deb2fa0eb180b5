/**
 * "Not older than this revision": whether a state holds a revision that somebody
 * saw elsewhere. One rule for evaluators and the control plane. Pure.
 *
 * Holds true: a revision of another epoch is met only if it lies on this
 * lineage; one that was withdrawn by a heal is told as forked, never waited for.
 */
import { type HeldLog, isOnLineage } from './lineage.ts';
import { bytesEqual } from './position.ts';

/** A revision as a reader carries it. */
export interface WantedRevision {
  /** 0: whichever epoch is the newest. */
  readonly epoch: number;
  readonly revision: number;
  /** Chain hash; empty where only the order matters. */
  readonly hash: Uint8Array;
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

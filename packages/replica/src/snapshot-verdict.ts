/**
 * Whether a snapshot takes a follower on. Pure comparison of two states of
 * which each knows its own past.
 *
 * Holds true: within its epoch and log a follower never goes backwards, except
 * where a divergence was proven and the control plane's own snapshot decides it.
 */
import type { LogState } from './log-state.ts';
import { bytesEqual, formatPosition } from './position.ts';
import type { SnapshotOrigin } from './seams.ts';

export type SnapshotVerdict =
  | {
      readonly kind: 'take';
      /** What was applied is on the snapshot's lineage. */
      readonly continues: boolean;
      /** A divergence that only the snapshot shows. */
      readonly dispute: SnapshotDispute | undefined;
    }
  /** It says what was applied: that stays, and whatever contradicted it was wrong. */
  | { readonly kind: 'settled' }
  /** It is behind what was applied. */
  | { readonly kind: 'older' }
  /** It ends before what is in dispute. */
  | { readonly kind: 'undecided' };

interface SnapshotDispute {
  readonly kind: 'diverged' | 'forked';
  readonly revision: number;
  readonly detail: string;
}

const TAKE: SnapshotVerdict = { kind: 'take', continues: true, dispute: undefined };

export interface OfferedSnapshot {
  readonly state: LogState;
  readonly origin: SnapshotOrigin;
}

/** @param disputed while diverged: the first revision in doubt; 0: the applied state itself */
export function judgeSnapshot(
  applied: LogState,
  { state: offered, origin }: OfferedSnapshot,
  disputed: number | undefined,
): SnapshotVerdict {
  if (applied.position.revision === 0) return TAKE;
  if (!bytesEqual(applied.logIdentity, offered.logIdentity)) return withdrawn('diverged', applied, offered);
  switch (offered.standing(applied.position)) {
    case 'here':
      return bytesEqual(applied.digest, offered.digest) ? { kind: 'settled' } : TAKE;
    case 'behind':
    case 'unknown':
      return TAKE;
    case 'foreign':
      return withdrawn(
        offered.position.epoch > applied.position.epoch ? 'forked' : 'diverged',
        applied,
        offered,
      );
    case 'ahead':
      return judgeOlder(applied, { state: offered, origin }, disputed);
  }
}

/** The snapshot ends before the applied position. */
function judgeOlder(
  applied: LogState,
  { state: offered, origin }: OfferedSnapshot,
  disputed: number | undefined,
): SnapshotVerdict {
  if (offered.position.epoch < applied.position.epoch) return disputed === undefined ? OLDER : UNDECIDED;
  // NATS may keep what another writer left there: against a longer log in no doubt it proves nothing.
  if (disputed === undefined) return OLDER;
  const stands = applied.standing(offered.position);
  // What lies in NATS may be the other writer's: it would take the follower to and fro between two branches.
  if (stands === 'foreign')
    return origin === 'control-plane' ? withdrawn('diverged', applied, offered) : UNDECIDED;
  // The state itself is in doubt, its past is not: it is folded again from there.
  if (disputed === 0) return TAKE;
  return stands === 'behind' && offered.position.revision >= disputed ? { kind: 'settled' } : UNDECIDED;
}

const OLDER: SnapshotVerdict = { kind: 'older' };
const UNDECIDED: SnapshotVerdict = { kind: 'undecided' };

function withdrawn(
  kind: SnapshotDispute['kind'],
  { position: mine }: LogState,
  { position: theirs }: LogState,
): SnapshotVerdict {
  const detail = `the snapshot of ${formatPosition(theirs)} does not hold the applied ${formatPosition(mine)}`;
  return { kind: 'take', continues: false, dispute: { kind, revision: theirs.revision, detail } };
}

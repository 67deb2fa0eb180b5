/** The state of a follower as a snapshot: what it holds now, whatever it folds afterwards. */
import { LIMITS } from '@flagstream/protocol';
import type { LogState, Snapshot } from '@flagstream/replica';

export function stateSnapshot(state: LogState): Snapshot {
  const { position, lineage, digest } = state;
  const recentHashes: Uint8Array[] = [];
  const oldest = Math.max(1, position.revision - LIMITS.deltaWindowRevisions + 1);
  for (let revision = position.revision; revision >= oldest; revision--) {
    const hash = state.hashAt(revision);
    if (hash === undefined) break;
    recentHashes.push(hash);
  }
  recentHashes.reverse();
  return { position, lineage, stateDigest: digest, entities: [...state.entities()], recentHashes };
}

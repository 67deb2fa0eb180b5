/** How far a batch of records leads. */
import { recordCodec } from '@flagstream/protocol';
import type { Position } from '@flagstream/replica';

/**
 * Of the last record that can be read: what comes before one that cannot is
 * applied all the same. Undefined where none can be read; the follower, who
 * folds them, says what is wrong.
 */
export function lastPosition(records: readonly Uint8Array[]): Position | undefined {
  for (let last = records.length - 1; last >= 0; last--) {
    const found = positionOf(records[last]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

function positionOf(bytes: Uint8Array): Position | undefined {
  try {
    const { epoch, revision, hash } = recordCodec.decodeRecord(bytes);
    return { epoch, revision, hash };
  } catch {
    return undefined;
  }
}

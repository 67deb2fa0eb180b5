/** Where a batch of records ends. */
import { recordCodec } from '@flagstream/protocol';
import type { Position } from '@flagstream/replica';

/** Undefined where the last one cannot be read: the follower, who folds it, says what is wrong with it. */
export function lastPosition(records: readonly Uint8Array[]): Position | undefined {
  const last = records.at(-1);
  if (last === undefined) return undefined;
  try {
    const { epoch, revision, hash } = recordCodec.decodeRecord(last);
    return { epoch, revision, hash };
  } catch {
    return undefined;
  }
}

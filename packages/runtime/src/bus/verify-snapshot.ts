/** Makes sure that a state can start from a snapshot, in turns of the event loop between which others run. */
import { setImmediate } from 'node:timers/promises';
import { recordCodec } from '@flagstream/protocol';
import { checkSnapshot, type Snapshot } from '@flagstream/replica';

/** Answers the snapshot itself; rejects with what is not true of it. One that was verified is not verified again. */
export async function verifySnapshot(snapshot: Snapshot): Promise<Snapshot> {
  const check = checkSnapshot(recordCodec.sha256, snapshot);
  while (!check.next().done) await setImmediate();
  return snapshot;
}

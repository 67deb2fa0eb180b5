import { sha256 } from '@flagstream/protocol';
import { ENTITY_KIND, type Snapshot, StateDigest } from '@flagstream/replica';
import { expect, it } from 'vitest';
import { verifySnapshot } from './verify-snapshot.ts';

function snapshotOf(flags: number): Snapshot {
  const content = new Uint8Array(8);
  const contentHash = sha256(content);
  const entities = Array.from({ length: flags }, (_, i) => ({
    change: {
      kind: ENTITY_KIND.flag,
      project: 'p',
      environment: '',
      key: `f${i}`,
      deleted: false,
      content,
      contentHash,
      tags: [],
      clientVisible: true,
    },
    version: 1,
  }));
  return {
    position: { epoch: 1, revision: 1, hash: contentHash },
    lineage: [],
    stateDigest: StateDigest.of(sha256, entities).toBytes(),
    entities,
    recentHashes: [contentHash],
  };
}

/** Turns of the event loop in which others run until it is verified. */
async function turns(snapshot: Snapshot): Promise<number> {
  let count = 0;
  let verified = false;
  const turn = (): void => {
    if (verified) return;
    count += 1;
    setImmediate(turn);
  };
  setImmediate(turn);
  await verifySnapshot(snapshot);
  verified = true;
  return count;
}

it('lets the event loop turn while a large snapshot is verified, which happens once', async () => {
  const snapshot = snapshotOf(5_500);
  expect(await turns(snapshot)).toBeGreaterThanOrEqual(5);
  expect(await turns(snapshot)).toBe(0);
});

it('says what is not true of a snapshot, each time', async () => {
  const snapshot = { ...snapshotOf(2), stateDigest: new Uint8Array(16) };
  await expect(verifySnapshot(snapshot)).rejects.toThrow('does not add up');
  await expect(verifySnapshot(snapshot)).rejects.toThrow('does not add up');
});

/**
 * Whether a snapshot is what its hashes and its digest say: in steps, between
 * which its caller may let others run, and once for each snapshot.
 *
 * Holds true: nothing starts from a snapshot that was not checked. Snapshots
 * never change, so one that was found true stays so.
 */
import { contentDamage } from './content-damage.ts';
import { entityDigest, StateDigest } from './digest.ts';
import { bytesEqual } from './position.ts';
import type { Codec } from './record.ts';
import type { Snapshot } from './seams.ts';

/** A step ends after as many entities, or as many bytes of content: some ten milliseconds of hashing. */
const STEP_ENTITIES = 1_000;
const STEP_BYTES = 4 * 1024 * 1024;

const foundTrue = new WeakSet<Snapshot>();

/**
 * Checks a snapshot that was not found true before. Throws when its contents
 * are not what their hashes say, its entities do not add up to its digest, or
 * its chain does not end at its position.
 */
export function* checkSnapshot(sha256: Codec['sha256'], snapshot: Snapshot): Generator<void, void> {
  if (foundTrue.has(snapshot)) return;
  const digest = new StateDigest();
  let entities = 0;
  let bytes = 0;
  for (const entity of snapshot.entities) {
    const damage = contentDamage(sha256, entity.change);
    if (damage !== undefined) throw new Error(`in the snapshot, ${damage}`);
    if (!entity.change.deleted) digest.add(entityDigest(sha256, entity));
    entities += 1;
    bytes += entity.change.content.length;
    if (entities < STEP_ENTITIES && bytes < STEP_BYTES) continue;
    yield;
    entities = 0;
    bytes = 0;
  }
  if (!bytesEqual(digest.toBytes(), snapshot.stateDigest))
    throw new Error('the snapshot does not add up to its digest');
  const { position, recentHashes } = snapshot;
  const last = recentHashes.at(-1);
  if (position.revision > 0 && (last === undefined || !bytesEqual(last, position.hash)))
    throw new Error('the chain of the snapshot does not end at its position');
  foundTrue.add(snapshot);
}

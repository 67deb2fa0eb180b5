/**
 * Snapshots in NATS: entities in chunks named by their SHA-256, then the
 * manifest that lists them. A chunk that is there already is not written again,
 * so a snapshot costs what changed.
 *
 * Holds true: a manifest is written after its chunks, and a snapshot counts
 * only when its manifest and each of its chunks match their checksums, and a
 * state can start from it: what was damaged before it was written has good
 * checksums. One chunk at a time is in memory beside the snapshot itself.
 */
import {
  messageOf,
  readSnapshotEntities,
  sha256,
  snapshotChunks,
  snapshotFromWire,
  snapshotHeaderToWire,
} from '@flagstream/protocol';
import { SnapshotEntities, SnapshotManifest } from '@flagstream/protocol/gen/flagstream/v1/log';
import {
  bytesEqual,
  comparePositions,
  formatPosition,
  type Position,
  type Snapshot,
} from '@flagstream/replica';
import { crashPoint } from '../lifecycle/crash-point.ts';
import type { Logger } from '../log/logger.ts';
import type { ObjectBucket } from './object-bucket.ts';
import { verifySnapshot } from './verify-snapshot.ts';

/** The newest, and the one before in case the newest is damaged. */
const KEPT = 2;
/** A reader that is overtaken by a writer looks again; twice in a row is not overtaking. */
const LOOKS = 3;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const NO_HASH = new Uint8Array(0);

/** One at a time: a second writer would remove the chunks of the first. */
export async function putSnapshot(bucket: ObjectBucket, snapshot: Snapshot): Promise<void> {
  await bucket.create();
  const { position } = snapshot;
  const there = await removeOld(bucket, position, 'keep-newer');
  const chunks = [];
  for (const entities of snapshotChunks(snapshot)) {
    const bytes = SnapshotEntities.encode({ entities }).finish();
    const checksum = sha256(bytes);
    if (!there.has(hex(checksum))) await bucket.put(hex(checksum), bytes);
    chunks.push({ sha256: Buffer.from(checksum), size: bytes.length });
  }
  crashPoint('snapshot-before-stamp');
  const manifest = SnapshotManifest.encode({ header: snapshotHeaderToWire(snapshot), chunks }).finish();
  await bucket.put(manifestName(position), manifest);
  await removeOld(bucket, position, 'remove-newer');
}

export function holdsSnapshot(bucket: ObjectBucket, position: Position): Promise<boolean> {
  return bucket.has(manifestName(position));
}

/** The newest snapshot that is whole and true; undefined when there is none. */
export async function fetchSnapshot(bucket: ObjectBucket, logger: Logger): Promise<Snapshot | undefined> {
  let newest: string | undefined;
  for (let look = 0; look < LOOKS; look++) {
    const manifests = newestManifests((await bucket.names()).whole).map(({ name }) => name);
    if (look > 0 && manifests[0] === newest) break;
    newest = manifests[0];
    for (const name of manifests) {
      const snapshot = await readSnapshot(bucket, name, logger);
      if (snapshot !== undefined) return snapshot;
    }
  }
  return undefined;
}

async function readSnapshot(
  bucket: ObjectBucket,
  name: string,
  logger: Logger,
): Promise<Snapshot | undefined> {
  const passOver = (detail: string): undefined => {
    logger.warn({ snapshot: name, detail }, 'a snapshot in NATS was passed over');
  };
  const manifest = await readManifest(bucket, name);
  if (manifest?.header === undefined) return passOver('its manifest is damaged');
  const chunks: Uint8Array[] = [];
  for (const ref of manifest.chunks) {
    const bytes = await bucket.content(hex(ref.sha256));
    if (bytes === undefined) return passOver(`chunk ${hex(ref.sha256)} is missing`);
    if (!bytesEqual(sha256(bytes), ref.sha256)) return passOver(`chunk ${hex(ref.sha256)} is damaged`);
    chunks.push(bytes);
  }
  try {
    return await verifySnapshot(snapshotFromWire(manifest.header, chunks.map(readSnapshotEntities)));
  } catch (error) {
    // Whole, but not for this release to read, or not true.
    return passOver(messageOf(error));
  }
}

async function readManifest(bucket: ObjectBucket, name: string): Promise<SnapshotManifest | undefined> {
  const bytes = await bucket.get(name);
  return bytes === undefined ? undefined : SnapshotManifest.decode(bytes);
}

/**
 * Removes what the newest snapshots do not use, also the rest of a writer that was interrupted. Answers what
 * is left. A snapshot beyond the head is of another log, or of a branch that was given up: it stays only
 * until ours is there, or readers would take it for the newest for ever.
 */
async function removeOld(
  bucket: ObjectBucket,
  head: Position,
  mode: 'keep-newer' | 'remove-newer',
): Promise<ReadonlySet<string>> {
  const { whole, partial } = await bucket.names();
  const kept = new Set<string>();
  let snapshots = 0;
  for (const { name, position } of newestManifests(whole)) {
    const isNewer = comparePositions(position, head) > 0;
    if (isNewer && mode === 'remove-newer') continue;
    if (!isNewer && snapshots === KEPT) break;
    const manifest = await readManifest(bucket, name);
    if (manifest === undefined) continue;
    if (!isNewer) snapshots += 1;
    kept.add(name);
    for (const ref of manifest.chunks) kept.add(hex(ref.sha256));
  }
  for (const name of [...whole, ...partial]) if (!kept.has(name)) await bucket.remove(name);
  return new Set([...whole].filter((name) => kept.has(name)));
}

/** "e3-18422". */
function manifestName(position: Position): string {
  return formatPosition(position).replace('.', '-');
}

interface NamedManifest {
  readonly name: string;
  readonly position: Position;
}

function newestManifests(names: Iterable<string>): readonly NamedManifest[] {
  const found: NamedManifest[] = [];
  for (const name of names) {
    const [, epoch, revision] = /^e(\d+)-(\d+)$/.exec(name) ?? [];
    if (epoch === undefined || revision === undefined) continue;
    found.push({ name, position: { epoch: Number(epoch), revision: Number(revision), hash: NO_HASH } });
  }
  return found.sort((a, b) => comparePositions(b.position, a.position));
}

import { ENTITY_KIND, READER_VERSION, type Snapshot, type VersionedEntity } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { sha256 } from './codec.ts';
import { SnapshotEntities } from './gen/flagstream/v1/log.ts';
import type { SnapshotEntity } from './gen/flagstream/v1/record.ts';
import { LIMITS } from './limits.ts';
import { snapshotChunks, snapshotFromWire, snapshotHeaderToWire } from './snapshot-codec.ts';
import { readSnapshotEntities } from './snapshot-entities.ts';

function entity(key: string, content: Uint8Array): VersionedEntity {
  const id = { kind: ENTITY_KIND.flag, project: 'p', environment: '', key };
  const deleted = content.length === 0;
  return {
    change: { ...id, deleted, content, contentHash: sha256(content), tags: [], clientVisible: false },
    version: 2,
  };
}

const HASHES = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
const SNAPSHOT: Snapshot = {
  position: { epoch: 1, revision: 2, hash: HASHES[1]! },
  lineage: [{ epoch: 1, baseRevision: 0, baseHash: HASHES[0]!, startedMs: 1, reason: 'test' }],
  stateDigest: new Uint8Array(16),
  // The tombstone comes in a message of its own.
  entities: [entity('large', Buffer.alloc(LIMITS.watchLogBytesMax)), entity('gone', new Uint8Array(0))],
  recentHashes: HASHES,
};

const read = (chunks: readonly SnapshotEntity[][]): VersionedEntity[][] =>
  chunks.map((entities) => readSnapshotEntities(SnapshotEntities.encode({ entities }).finish()));

describe('a snapshot', () => {
  const header = snapshotHeaderToWire(SNAPSHOT);
  const chunks = [...snapshotChunks(SNAPSHOT)];

  it('comes back as it was, from messages of bounded size', () => {
    expect(chunks).toHaveLength(2);
    const back = snapshotFromWire(header, read(chunks));
    expect(back.position).toMatchObject({ epoch: 1, revision: 2 });
    expect(back.entities.map(({ change }) => [change.key, change.deleted, change.content.length])).toEqual([
      ['large', false, LIMITS.watchLogBytesMax],
      ['gone', true, 0],
    ]);
    expect(back.recentHashes.map((hash) => Uint8Array.from(hash))).toEqual(HASHES);
  });

  it('is refused when a message is missing, also one of tombstones, which no digest counts', () => {
    expect(() => snapshotFromWire(header, read(chunks.slice(0, 1)))).toThrow('1 of 2 entities');
  });

  it('is refused when it is for newer readers', () => {
    const newer = { ...header, minReader: READER_VERSION + 1 };
    expect(() => snapshotFromWire(newer, read(chunks))).toThrow(
      expect.objectContaining({ reason: 'SCHEMA_TOO_NEW' }),
    );
  });
});

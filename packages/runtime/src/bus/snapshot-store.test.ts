import { sha256 } from '@flagstream/protocol';
import { SnapshotManifest } from '@flagstream/protocol/gen/flagstream/v1/log';
import {
  ENTITY_KIND,
  READER_VERSION,
  type Snapshot,
  StateDigest,
  type VersionedEntity,
} from '@flagstream/replica';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import type { Bus } from './bus.ts';
import { connectBus } from './nats-bus.ts';

/** Two such entities do not fit into one chunk. */
const LARGE_BYTES = 200_000;

function entity(key: string, content: Uint8Array, version: number): VersionedEntity {
  const id = { kind: ENTITY_KIND.flag, project: 'p', environment: '', key };
  const change = {
    ...id,
    deleted: false,
    content,
    contentHash: sha256(content),
    tags: ['t'],
    clientVisible: true,
  };
  return { change, version };
}

/** Large entities, each filled with its number; the first one differs by revision. */
function snapshotAt(revision: number, count = 3): Snapshot {
  const entities = Array.from({ length: count }, (_, i) =>
    entity(`f${i}`, new Uint8Array(LARGE_BYTES).fill(i === 0 ? revision : i), i === 0 ? revision : 1),
  );
  return {
    position: { epoch: 2, revision, hash: sha256(Uint8Array.of(revision)) },
    lineage: [{ epoch: 2, baseRevision: 0, baseHash: new Uint8Array(32), startedMs: 5, reason: 'test' }],
    stateDigest: StateDigest.of(sha256, entities).toBytes(),
    entities,
    recentHashes: [sha256(Uint8Array.of(revision - 1)), sha256(Uint8Array.of(revision))],
  };
}

/** Bytes as checksums: equal whatever class holds them, and short in a failure's text. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(sha256(value)).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

requiresNats().describe('snapshots in NATS', () => {
  let server: NatsServer;
  let bus: Bus;
  let bucket: string;
  let nc: NatsConnection;
  let jsm: JetStreamManager;
  let serial = 0;

  beforeAll(async () => {
    server = await startNatsServer();
  });
  beforeEach(async () => {
    serial += 1;
    const prefix = `${server.prefix}-${serial}`;
    bucket = `${prefix.toUpperCase().replaceAll('-', '_')}_SNAPSHOT`;
    bus = await connectBus({ url: server.url, prefix, name: 'test', logger: unreadLogger });
    nc = await connect({ servers: server.url });
    jsm = await nc.jetstreamManager();
  });
  afterEach(async () => {
    await bus.close();
    await nc.close();
  });

  /** Sequence of the newest message by subject's last part, of contents. */
  async function contents(): Promise<Map<string, number>> {
    const start = `$O.${bucket}.C.`;
    const info = await jsm.streams.info(`OBJ_${bucket}`, {
      subjects_filter: `${start}>`,
      deleted_details: false,
      offset: 0,
    });
    const found = new Map<string, number>();
    for (const subject of Object.keys(info.state.subjects ?? {})) {
      const { seq } = await jsm.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: subject });
      found.set(subject.slice(start.length), seq);
    }
    return found;
  }

  async function messages(): Promise<number> {
    return (await jsm.streams.info(`OBJ_${bucket}`)).state.messages;
  }

  it('has none before one is written', async () => {
    expect(await bus.fetchSnapshot()).toBeUndefined();
  });

  it('reads what was written: entities in several chunks, and no entities at all', async () => {
    await bus.putSnapshot(snapshotAt(6, 0));
    expect(plain(await bus.fetchSnapshot())).toEqual(plain(snapshotAt(6, 0)));
    await bus.putSnapshot(snapshotAt(7));
    expect(plain(await bus.fetchSnapshot())).toEqual(plain(snapshotAt(7)));
    expect([...(await contents()).keys()].filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(3);
  });

  it('writes no chunk that is there already', async () => {
    await bus.putSnapshot(snapshotAt(7));
    const before = await contents();
    await bus.putSnapshot(snapshotAt(8));
    const after = await contents();
    const kept = [...before].filter(([name, seq]) => after.get(name) === seq);
    expect(kept).toHaveLength(before.size);
    // The changed chunk and the manifest.
    expect(after.size).toBe(before.size + 2);
  });

  it('removes those beyond the writer: another log left them, and readers would take them', async () => {
    await bus.putSnapshot(snapshotAt(90));
    await bus.putSnapshot(snapshotAt(91));
    await bus.putSnapshot(snapshotAt(7));
    expect((await bus.fetchSnapshot())?.position.revision).toBe(7);
    await bus.putSnapshot(snapshotAt(8));
    const names = [...(await contents()).keys()].filter((name) => name.startsWith('e'));
    expect(names.sort()).toEqual(['e2-7', 'e2-8']);
  });

  it('knows which ones are there, also without a bucket', async () => {
    const { position } = snapshotAt(7);
    expect(await bus.holdsSnapshot(position)).toBe(false);
    await bus.putSnapshot(snapshotAt(7));
    expect(await bus.holdsSnapshot(position)).toBe(true);
    expect(await bus.holdsSnapshot(snapshotAt(8).position)).toBe(false);
    await jsm.streams.delete(`OBJ_${bucket}`);
    expect(await bus.holdsSnapshot(position)).toBe(false);
  });

  it('keeps the newest two and nothing of older ones', async () => {
    for (const revision of [7, 8, 9, 10]) await bus.putSnapshot(snapshotAt(revision));
    const names = [...(await contents()).keys()].filter((name) => name.startsWith('e'));
    expect(names.sort()).toEqual(['e2-10', 'e2-9']);
    // Two manifests, two shared chunks and one of each's own; content and meta of each.
    expect(await messages()).toBe(2 * (2 + 2 + 2));
    expect((await bus.fetchSnapshot())?.position.revision).toBe(10);
  });

  it('is what the tools of NATS take for an object store', async () => {
    await bus.putSnapshot(snapshotAt(7));
    const store = await nc.jetstream().views.os(bucket);
    const manifest = (await store.list()).find(({ name }) => name === 'e2-7');
    expect(manifest).toMatchObject({ chunks: 1, size: expect.any(Number) });
    const blob = await store.getBlob('e2-7');
    expect(blob).toHaveLength(manifest!.size);
  });

  const damages: readonly [string, (newest: readonly string[]) => Promise<unknown>][] = [
    ['its manifest has no stamp', () => purge('M.', Buffer.from('e2-8').toString('base64'))],
    ['its manifest is torn', () => overwrite('C.e2-8', Uint8Array.of(1, 2, 3))],
    [
      'its stamp is no JSON',
      () => overwrite(`M.${Buffer.from('e2-8').toString('base64')}`, Uint8Array.of(1)),
    ],
    ['a chunk is missing', ([own]) => purge('C.', own!)],
    ['a chunk is damaged', ([own]) => overwrite(`C.${own}`, Uint8Array.of(1, 2, 3))],
  ];
  const purge = (kind: string, name: string): Promise<unknown> =>
    jsm.streams.purge(`OBJ_${bucket}`, { filter: `$O.${bucket}.${kind}${name}` });
  const overwrite = (subject: string, content: Uint8Array): Promise<unknown> =>
    nc.jetstream().publish(`$O.${bucket}.${subject}`, content);

  for (const [what, damage] of damages) {
    it(`passes the newest over for the older one when ${what}, and goes on`, async () => {
      await bus.putSnapshot(snapshotAt(7));
      const older = await contents();
      await bus.putSnapshot(snapshotAt(8));
      const own = [...(await contents()).keys()].filter(
        (name) => !older.has(name) && /^[0-9a-f]{64}$/.test(name),
      );
      expect(own).toHaveLength(1);
      await damage(own);
      expect(plain(await bus.fetchSnapshot())).toEqual(plain(snapshotAt(7)));
      await bus.putSnapshot(snapshotAt(9));
      expect(plain(await bus.fetchSnapshot())).toEqual(plain(snapshotAt(9)));
    });
  }

  const untruths: readonly [string, (whole: Snapshot) => Partial<Snapshot>][] = [
    ['a content', ({ entities: [first, ...rest] }) => ({ entities: [withContent(first!), ...rest] })],
    ['its digest', ({ entities }) => ({ entities: entities.slice(1) })],
    ['its chain', ({ recentHashes }) => ({ recentHashes: recentHashes.slice(0, 1) })],
  ];
  const withContent = ({ change, version }: VersionedEntity): VersionedEntity => ({
    change: { ...change, content: Uint8Array.of(1) },
    version,
  });

  for (const [what, untrue] of untruths) {
    it(`passes the newest over for the older one when ${what} was wrong before it was written`, async () => {
      await bus.putSnapshot(snapshotAt(7));
      await bus.putSnapshot({ ...snapshotAt(8), ...untrue(snapshotAt(8)) });
      expect((await bus.fetchSnapshot())?.position.revision).toBe(7);
    });
  }

  it('passes the newest over when a newer release wrote it', async () => {
    await bus.putSnapshot(snapshotAt(7));
    await bus.putSnapshot(snapshotAt(8));
    const stored = await jsm.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: `$O.${bucket}.C.e2-8` });
    const manifest = SnapshotManifest.decode(stored.data);
    manifest.header!.minReader = READER_VERSION + 1;
    const bytes = SnapshotManifest.encode(manifest).finish();
    const digest = `SHA-256=${Buffer.from(sha256(bytes)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
    await overwrite('C.e2-8', bytes);
    const stamp = new TextEncoder().encode(JSON.stringify({ digest }));
    await overwrite(`M.${Buffer.from('e2-8').toString('base64')}`, stamp);
    expect((await bus.fetchSnapshot())?.position.revision).toBe(7);
  });

  it('has none when all are damaged', async () => {
    await bus.putSnapshot(snapshotAt(7));
    await overwrite('C.e2-7', Uint8Array.of(1));
    expect(await bus.fetchSnapshot()).toBeUndefined();
  });

  it('removes what an interrupted writer left', async () => {
    await bus.putSnapshot(snapshotAt(7));
    await overwrite(`C.${'ab'.repeat(32)}`, Uint8Array.of(1));
    await bus.putSnapshot(snapshotAt(8));
    expect([...(await contents()).keys()]).not.toContain('ab'.repeat(32));
  });
});

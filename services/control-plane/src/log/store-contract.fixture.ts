/**
 * The contract of a Store: every implementation passes every case. Each case
 * gets a store that was never written, and a way to more of them.
 */
import assert from 'node:assert/strict';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import {
  bytesEqual,
  ENTITY_KIND,
  type EntityChange,
  genesisFields,
  hex,
  LogState,
  ORIGIN,
  partId,
  READER_VERSION,
  samePosition,
} from '@flagstream/replica';
import type { AuditStore } from './audit-store.ts';
import { NOTE_CONTRACT } from './note-contract.fixture.ts';
import { entity, flagEntity, genesis, IDENTITY, recordAfter, stagedPart } from './record.fixture.ts';
import { partChange } from './staging.ts';
import { commit, contents, nextGenesis, refuse, writeLongStory } from './store-story.fixture.ts';

/** How an implementation makes stores, for one case. */
export interface StoreHarness {
  /** Another store that was never written. */
  another(): AuditStore;
  /** One that was never written either, marked as restored. */
  restored(): AuditStore;
  /** What the process that comes after this one finds; `store` is of no more use. */
  reopened(store: AuditStore): AuditStore;
}

export interface StoreCase {
  readonly name: string;
  run(store: AuditStore, harness: StoreHarness): void;
}

const OPTIONS = { kind: ENTITY_KIND.flag, project: 'p', limit: 10 };
const flagId = (key: string) => ({ kind: ENTITY_KIND.flag, project: 'p', environment: '', key });

export const STORE_CONTRACT: readonly StoreCase[] = [
  ...NOTE_CONTRACT,
  {
    name: 'says what its records after a revision take',
    run(store) {
      const first = genesis();
      store.fold(first);
      const second = commit(store);
      assert.equal(store.bytesAfter(0), first.bytes.length + second.bytes.length);
      assert.equal(store.bytesAfter(1), second.bytes.length);
      assert.equal(store.bytesAfter(2), 0);
    },
  },
  {
    name: 'is empty before its first record',
    run(store) {
      assert.deepEqual(store.head(), ORIGIN);
      assert.deepEqual(store.lineage(), []);
      assert.deepEqual(store.readLog(0, 10), []);
      assert.equal(store.recordAt(1), undefined);
      assert.equal(store.findOperation('#genesis-1'), undefined);
    },
  },
  {
    name: 'begins with GENESIS, which names the log',
    run(store) {
      const first = genesis();
      store.fold(first);
      assert.ok(samePosition(store.head(), { epoch: 1, revision: 1, hash: first.hash }));
      assert.equal(store.lineage().length, 1);
      assert.ok(bytesEqual(store.lineage()[0]!.baseHash, IDENTITY));
      assert.equal(store.wallMsAt(1), 1000);
    },
  },
  {
    name: 'keeps records byte for byte and finds them by revision, operation and place',
    run(store) {
      store.fold(genesis());
      const records = [commit(store, flagEntity('a', '1')), commit(store, flagEntity('b', '1'))];
      const read = store.readLog(1, 10);
      assert.deepEqual(
        read.map((row) => row.revision),
        [2, 3],
      );
      for (const [i, record] of records.entries()) {
        assert.ok(bytesEqual(read[i]!.bytes, record.bytes));
        assert.ok(bytesEqual(read[i]!.hash, record.hash));
      }
      assert.equal(store.readLog(1, 1).length, 1);
      assert.equal(store.findOperation('op-3')?.revision, 3);
      assert.equal(store.recordAt(2)?.epoch, 1);
      assert.equal(store.recordAt(4), undefined);
    },
  },
  {
    name: 'folds an entity to its newest state, with the revision that changed it',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', 'one'), flagEntity('b', 'one'));
      commit(store, flagEntity('a', 'two'));
      const a = store.entity(flagId('a'));
      assert.equal(a?.version, 3);
      assert.equal(Buffer.from(a!.change.content).toString(), 'two');
      assert.deepEqual(a?.change.tags, ['tag']);
      assert.equal(a?.change.clientVisible, true);
      assert.equal(store.entity(flagId('b'))?.version, 2);
      assert.equal(store.entity(flagId('c')), undefined);
    },
  },
  {
    name: 'keeps a tombstone with its content, outside the digest',
    run(store) {
      store.fold(genesis());
      const empty = Buffer.from(store.stateDigest());
      commit(store, flagEntity('a', 'one'));
      assert.notDeepEqual(Buffer.from(store.stateDigest()), empty);
      commit(store, entity(flagId('a'), 'last', true));
      assert.deepEqual(Buffer.from(store.stateDigest()), empty);
      const tombstone = store.entity(flagId('a'));
      assert.equal(tombstone?.change.deleted, true);
      assert.equal(Buffer.from(tombstone!.change.content).toString(), 'last');
      assert.equal(store.entities(OPTIONS).length, 1);
    },
  },
  {
    name: 'refuses a record that leaves a gap, repeats, or continues another chain',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', '1'));
      const head = store.head();
      refuse(store, recordAfter({ ...head, revision: head.revision + 1 }, []), /does not follow/);
      refuse(store, recordAfter({ ...head, revision: head.revision - 1 }, []), /does not follow/);
      refuse(store, recordAfter({ ...head, hash: Buffer.alloc(32) }, []), /does not continue/);
    },
  },
  {
    name: 'refuses an operation id that is in the log',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', '1'));
      refuse(store, recordAfter(store.head(), [flagEntity('a', '2')], { opId: 'op-2' }), /op_id/);
    },
  },
  {
    name: 'makes staged parts visible together, and then forgets them',
    run(store) {
      store.fold(genesis());
      const parts = [
        stagedPart([flagEntity('a', '1'), flagEntity('b', '1')]),
        stagedPart([flagEntity('c', '1')]),
      ];
      for (const part of parts) commit(store, part.change);
      assert.deepEqual(store.entities(OPTIONS), []);
      assert.equal(store.entity(partId(parts[0]!.ref.sha256))?.version, 2);
      store.fold(recordAfter(store.head(), [], { parts: parts.map((part) => part.ref) }));
      const visible = store.entities(OPTIONS);
      assert.deepEqual(
        visible.map(({ change, version }) => [change.key, version]),
        [
          ['a', 4],
          ['b', 4],
          ['c', 4],
        ],
      );
      for (const part of parts) assert.equal(store.entity(partId(part.ref.sha256)), undefined);
    },
  },
  {
    name: 'refuses a record whose part is not there',
    run(store) {
      store.fold(genesis());
      const { ref } = stagedPart([flagEntity('a', '1')]);
      refuse(store, recordAfter(store.head(), [flagEntity('b', '1')], { parts: [ref] }), /part/);
      assert.equal(store.entity(flagId('b')), undefined);
    },
  },
  {
    name: 'refuses a record whose part is no list of changes, and goes on without it',
    run(store) {
      store.fold(genesis());
      const content = Buffer.from('no list');
      const sha256 = recordCodec.sha256(content);
      commit(store, partChange(sha256, content, ''));
      const parts = [{ sha256, size: content.length }];
      refuse(store, recordAfter(store.head(), [], { parts }), /is no list of changes/);
      commit(store, flagEntity('a', '2'));
    },
  },
  {
    name: 'refuses a record that only a newer release may read, and everything after it',
    run(store) {
      store.fold(genesis());
      const record = recordAfter(store.head(), [], { minReader: READER_VERSION + 1 });
      refuse(store, record, /revision 2 needs reader/);
      assert.throws(() => store.fold(record), { reason: 'SCHEMA_TOO_NEW' });
      refuse(store, recordAfter({ epoch: 1, revision: 2, hash: record.hash }, []), /does not follow/);
    },
  },
  {
    name: 'enters an epoch by its GENESIS alone',
    run(store) {
      for (const epoch of [0, 1]) refuse(store, recordAfter(ORIGIN, [], { epoch }), /has not begun/);
      store.fold(genesis());
      refuse(store, recordAfter(store.head(), [], { epoch: 2 }), /epoch 2, which has not/);
      refuse(store, nextGenesis(store, 1), /has not begun/);
      store.fold(nextGenesis(store, 3));
      refuse(store, recordAfter(store.head(), [], { epoch: 1 }), /has not begun/);
      refuse(store, nextGenesis(store, 2), /has not begun/);
    },
  },
  {
    name: 'agrees with the fold that followers run, entity by entity and in its digest',
    run(store) {
      const follower = new LogState(recordCodec);
      store.fold(genesis());
      const part = stagedPart([flagEntity('c', '1')]);
      commit(store, flagEntity('a', '1'), flagEntity('b', '1'));
      commit(store, part.change);
      store.fold(recordAfter(store.head(), [entity(flagId('a'), '1', true)], { parts: [part.ref] }));
      for (const row of store.readLog(0, 100))
        assert.equal(follower.apply(recordCodec.decodeRecord(row.bytes)).kind, 'applied');
      assert.deepEqual(Buffer.from(follower.digest), Buffer.from(store.stateDigest()));
      assert.ok(samePosition(follower.position, store.head()));
      const plain = (state: Iterable<{ change: EntityChange; version: number }>) =>
        [...state]
          .map(({ change, version }) => `${change.kind}/${change.key}/${version}/${change.deleted}`)
          .sort();
      assert.deepEqual(plain(follower.entities()), plain(store.all()));
    },
  },
  {
    name: 'answers entities by key, in pages, within a project',
    run(store) {
      store.fold(genesis());
      commit(store, ...['b', 'd', 'a', 'c'].map((key) => flagEntity(key, '1')), flagEntity('x', '1', 'q'));
      const keys = (afterKey: string, limit: number): string[] =>
        store.entities({ ...OPTIONS, afterKey, limit }).map(({ change }) => change.key);
      assert.deepEqual(keys('', 2), ['a', 'b']);
      assert.deepEqual(keys('b', 2), ['c', 'd']);
      assert.deepEqual(keys('d', 2), []);
      assert.equal(store.entities({ kind: ENTITY_KIND.flag, limit: 10 }).length, 5);
      assert.deepEqual(
        store.all().map(({ change }) => `${change.project}/${change.key}`),
        ['p/a', 'p/b', 'p/c', 'p/d', 'q/x'],
      );
    },
  },
  {
    name: 'tells which revisions changed an entity, newest first',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', '1'));
      commit(store, flagEntity('b', '1'));
      commit(store, flagEntity('a', '2'));
      assert.deepEqual(store.revisionsOf(flagId('a'), 100, 10), [4, 2]);
      assert.deepEqual(store.revisionsOf(flagId('a'), 4, 10), [2]);
      assert.deepEqual(store.revisionsOf(flagId('a'), 100, 1), [4]);
      assert.equal(store.firstRevisionOf(flagId('a')), 2);
      assert.equal(store.firstRevisionOf(flagId('z')), undefined);
    },
  },
  {
    name: 'tells what happened in a project, without parts and without GENESIS',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', '1'), flagEntity('b', '1'));
      commit(store, stagedPart([flagEntity('c', '1')]).change);
      commit(store, flagEntity('x', '1', 'q'));
      commit(store, flagEntity('a', '2'));
      commit(store, { ...flagEntity('k', '1'), kind: ENTITY_KIND.key, environment: 'dev' });
      assert.deepEqual(store.namedRevisions({}, 100, 10), [6, 5, 4, 2]);
      assert.deepEqual(store.namedRevisions({ project: 'p' }, 100, 10), [6, 5, 2]);
      assert.deepEqual(store.namedRevisions({ project: 'p' }, 5, 1), [2]);
      const changed = (project: string | undefined, after: number): string[] =>
        store
          .namedEntitiesChanged(project === undefined ? {} : { project }, after, 6, 10)
          .map((id) => `${id.project}/${id.key}`);
      assert.deepEqual(changed(undefined, 0), ['p/a', 'p/b', 'q/x']);
      assert.deepEqual(changed('p', 2), ['p/a']);
      assert.deepEqual(changed('q', 4), []);
    },
  },
  {
    name: 'answers the newest hashes, oldest first',
    run(store) {
      const first = genesis();
      store.fold(first);
      const second = commit(store, flagEntity('a', '1'));
      const third = commit(store, flagEntity('a', '2'));
      const hexes = (hashes: readonly Uint8Array[]): string[] =>
        hashes.map((hash) => Buffer.from(hash).toString('hex'));
      assert.deepEqual(hexes(store.recentHashes(2)), hexes([second.hash, third.hash]));
      assert.deepEqual(hexes(store.recentHashes(9)), hexes([first.hash, second.hash, third.hash]));
    },
  },
  {
    name: 'goes on in a later epoch, which begins at the head, also when numbers are left out',
    run(store) {
      store.fold(genesis());
      commit(store, flagEntity('a', '1'));
      const before = store.head();
      store.fold(nextGenesis(store, 4));
      assert.deepEqual([store.head().epoch, store.head().revision], [4, 3]);
      assert.deepEqual(
        store.lineage().map((base) => [base.epoch, base.baseRevision, hex(base.baseHash)]),
        [
          [1, 0, hex(IDENTITY)],
          [4, 2, hex(before.hash)],
        ],
      );
      assert.equal(store.entity(flagId('a'))?.version, 2);
      commit(store, flagEntity('a', '2'));
      assert.deepEqual(
        store.readLog(0, 10).map((row) => row.epoch),
        [1, 1, 4, 4],
      );
      assert.equal(store.findOperation('#genesis-4')?.revision, 3);
    },
  },
  {
    name: 'refuses a GENESIS that does not begin at the head',
    run(store) {
      store.fold(genesis());
      const early = nextGenesis(store, 2);
      commit(store, flagEntity('a', '1'));
      refuse(store, early, /does not follow/);
      const { revision } = store.head();
      const base = {
        epoch: 2,
        baseRevision: revision,
        baseHash: Buffer.alloc(32, 1),
        startedMs: 1,
        reason: 'x',
      };
      const stranger = genesisFields([...store.lineage(), base], '#genesis-2', { id: 'x', kind: 'user' });
      refuse(store, recordCodec.encodeRecord(stranger), /does not continue/);
    },
  },
  {
    name: 'refuses a record whose content is not what its hash says, also in a part',
    run(store) {
      store.fold(genesis());
      const damaged = { ...flagEntity('a', '1'), content: Buffer.from('2') };
      refuse(store, recordAfter(store.head(), [damaged]), /content of 3\/p\/\/a is not what its hash says/);
      const part = stagedPart([damaged]);
      commit(store, part.change);
      refuse(store, recordAfter(store.head(), [], { parts: [part.ref] }), /content of 3\/p\/\/a/);
    },
  },
  {
    name: 'keeps what tells a retry from another request with the same operation id',
    run(store, harness) {
      store.fold(genesis());
      const digest = Buffer.alloc(32, 5);
      const record = recordAfter(store.head(), [flagEntity('a', '1')], { opId: 'mine' });
      store.fold(recordCodec.encodeRecord({ ...record, requestDigest: digest, comment: 'why' }));
      const found = harness.reopened(store).findOperation('mine');
      const decoded = recordCodec.decodeRecord(found!.bytes);
      assert.deepEqual(Buffer.from(decoded.requestDigest), digest);
      assert.deepEqual([decoded.opId, decoded.comment, decoded.actor.id], ['mine', 'why', 'test']);
    },
  },
  {
    name: 'takes the largest record that there may be, and gives it back whole',
    run(store, harness) {
      store.fold(genesis());
      const half = 'x'.repeat(LIMITS.entityBytesMax - 200);
      const record = commit(store, flagEntity('a', half), flagEntity('b', half));
      assert.ok(record.bytes.length > LIMITS.recordBytesMax - 1000);
      assert.ok(record.bytes.length <= LIMITS.recordBytesMax);
      const again = harness.reopened(store);
      assert.ok(bytesEqual(again.recordAt(2)!.bytes, record.bytes));
      assert.equal(again.entity(flagId('b'))?.change.content.length, half.length);
    },
  },
  {
    name: 'refuses a record that the stream would not take',
    run(store) {
      store.fold(genesis());
      const half = 'x'.repeat(LIMITS.entityBytesMax);
      refuse(store, recordAfter(store.head(), [flagEntity('a', half), flagEntity('b', half)]), /limit/);
    },
  },
  {
    name: 'reads its own fold at once, in every way to read it',
    run(store) {
      store.fold(genesis());
      for (let n = 2; n < 20; n++) {
        const record = commit(store, flagEntity('a', String(n)));
        assert.ok(samePosition(store.head(), { epoch: 1, revision: n, hash: record.hash }));
        assert.equal(store.entity(flagId('a'))?.version, n);
        assert.equal(store.entities(OPTIONS)[0]?.version, n);
        assert.equal(store.readLog(n - 1, 10).length, 1);
        assert.equal(store.findOperation(`op-${n}`)?.revision, n);
        assert.deepEqual(store.revisionsOf(flagId('a'), n + 1, 1), [n]);
        assert.equal(hex(store.recentHashes(1)[0]!), hex(record.hash));
      }
    },
  },
  {
    name: 'is left as it was by a fold that fails in its middle',
    run(store) {
      store.fold(genesis());
      const part = stagedPart([flagEntity('c', '1')]);
      commit(store, part.change);
      const unknown = stagedPart([flagEntity('d', '1')]).ref;
      // The first part is there, the second is not; the operation id is taken.
      const changes = [flagEntity('a', '1')];
      refuse(store, recordAfter(store.head(), changes, { parts: [part.ref, unknown] }), /part/);
      refuse(store, recordAfter(store.head(), changes, { parts: [part.ref], opId: 'op-2' }), /op_id/);
      commit(store, flagEntity('a', '1'));
      assert.equal(store.entity(part.change)?.version, 2);
    },
  },
  {
    name: 'is, to the last byte, what any other store with the same records is',
    run(store, harness) {
      writeLongStory(store);
      const other = harness.another();
      for (const row of store.readLog(0, 1000)) other.fold(recordCodec.decodeRecord(row.bytes));
      assert.deepEqual(contents(other), contents(store));
    },
  },
  {
    name: 'has everything again in the process that comes after, and goes on from there',
    run(store, harness) {
      writeLongStory(store);
      store.noteShippedEpoch(2);
      store.noteAnnouncedEpoch(1);
      const before = contents(store);
      const again = harness.reopened(store);
      assert.deepEqual(contents(again), before);
      commit(again, flagEntity('a', 'again'));
      assert.equal(again.head().epoch, 2);
      assert.equal(again.entity(flagId('a'))?.version, again.head().revision);
    },
  },
];

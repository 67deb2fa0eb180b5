import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { genesisFields, hex, READER_VERSION } from '@flagstream/replica';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { verifyFile } from './backup.ts';
import { insertRecord } from './inserted-record.fixture.ts';
import { openFile } from './native-objects.ts';
import { entity, flagEntity, genesis, recordAfter } from './record.fixture.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { LogFigures, VerifyDepth } from './verify-log.ts';

/** Two epochs, four flags, one of them deleted. */
function writtenStore(): { readonly path: string; readonly store: SqliteStore } {
  const path = join(tempFolder(), 'flagstream.db');
  const store = new SqliteStore(path, recordCodec);
  onTestFinished(() => store.close());
  store.fold(genesis());
  for (const key of ['a', 'b', 'c', 'd']) store.fold(recordAfter(store.head(), [flagEntity(key, '1')]));
  store.fold(recordAfter(store.head(), [entity({ ...flagEntity('d', '') }, '1', true)]));
  const { revision, hash } = store.head();
  const base = { epoch: 2, baseRevision: revision, baseHash: hash, startedMs: 9, reason: 'reseed' };
  const actor = { id: 'test', kind: 'user' };
  store.fold(recordCodec.encodeRecord(genesisFields([...store.lineage(), base], '#genesis-2', actor)));
  store.fold(recordAfter(store.head(), [flagEntity('a', '2')]));
  return { path, store };
}

function verify(path: string, depth: VerifyDepth): LogFigures {
  const steps = verifyFile(path, recordCodec, depth);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function tamper(path: string, statements: string): void {
  const db = openFile(path);
  db.exec(statements);
  db.close();
}

describe('verifyLog', () => {
  it.each(['stored', 'folded'] as const)('answers the figures of a good log (%s)', (depth) => {
    const { path, store } = writtenStore();
    expect(verify(path, depth)).toMatchObject({
      epoch: 2,
      revision: 8,
      hash: hex(store.head().hash),
      stateDigest: hex(store.stateDigest()),
      epochs: 2,
      changes: 6,
      entities: 3,
      tombstones: 1,
    });
  });

  it('answers the figures of a file without a record', () => {
    const path = join(tempFolder(), 'flagstream.db');
    new SqliteStore(path, recordCodec).close();
    expect(verify(path, 'folded')).toMatchObject({ epoch: 0, revision: 0, entities: 0 });
  });

  it.each<readonly [what: string, statements: string, message: RegExp, depth: VerifyDepth]>([
    ['an old record', 'UPDATE log SET bytes = zeroblob(9) WHERE revision = 2', /revision 2/, 'stored'],
    [
      'a hash',
      'UPDATE log SET hash = zeroblob(32) WHERE revision = 2',
      /revision 2 is not what its hash says/,
      'stored',
    ],
    ['a record that is gone', 'DELETE FROM log WHERE revision = 3', /revision 3 is missing/, 'stored'],
    ['a newest record that is gone', 'DELETE FROM log WHERE revision = 8', /ends at revision 7/, 'stored'],
    ['a head that is behind', 'UPDATE head SET revision = 7', /head is not the record/, 'stored'],
    ['an operation id', "UPDATE log SET op_id = 'x' WHERE revision = 3", /row of revision 3/, 'stored'],
    ['a time', 'UPDATE log SET wall_ms = 1 WHERE revision = 3', /row of revision 3/, 'stored'],
    ['the epochs', 'DELETE FROM epoch WHERE epoch = 1', /table of epochs/, 'stored'],
    [
      'content',
      "UPDATE entity SET content = x'00' WHERE key = 'b'",
      /in the entities, the content of 3\/p\/\/b/,
      'stored',
    ],
    ['a version', "UPDATE entity SET version = 2 WHERE key = 'b'", /state digest/, 'stored'],
    ['the digest', 'UPDATE head SET state_digest = zeroblob(16)', /state digest/, 'stored'],
    ['an entity that is gone', "DELETE FROM entity WHERE key = 'b'", /state digest/, 'stored'],
    ['a tombstone that is gone', "DELETE FROM entity WHERE key = 'd'", /folds to 4 entities/, 'folded'],
    ['tags', `UPDATE entity SET tags = '["x"]' WHERE key = 'b'`, /not what the log folds to/, 'folded'],
    ['visibility', "UPDATE entity SET client_visible = 0 WHERE key = 'b'", /not what the log/, 'folded'],
  ])('finds %s changed', (_what, statements, message, depth) => {
    const { path } = writtenStore();
    tamper(path, statements);
    expect(() => verify(path, depth)).toThrow(
      expect.objectContaining({ reason: 'LOG_CORRUPT', message: expect.stringMatching(message) }),
    );
  });

  it('does not take records for a newer reader for damage: only their release can fold them', () => {
    const { path, store } = writtenStore();
    insertRecord(path, recordAfter(store.head(), [], { minReader: READER_VERSION + 1 }));
    expect(() => verify(path, 'folded')).toThrow(expect.objectContaining({ reason: 'SCHEMA_TOO_NEW' }));
    expect(verify(path, 'stored').revision).toBe(9);
  });
});

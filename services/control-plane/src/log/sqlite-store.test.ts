import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { READER_VERSION } from '@flagstream/replica';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { insertRecord } from './inserted-record.fixture.ts';
import { openFile } from './native-objects.ts';
import { flagEntity, genesis, recordAfter } from './record.fixture.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { SqliteStore } from './sqlite-store.ts';
import { STORE_CONTRACT } from './store-contract.fixture.ts';
import { nextGenesis } from './store-story.fixture.ts';

function openStore(path = join(tempFolder(), 'test.db')): SqliteStore {
  const store = new SqliteStore(path, recordCodec);
  onTestFinished(() => store.close());
  return store;
}

/** Changes the file behind the store's back. */
function tamper(path: string, statement: string): void {
  const db = openFile(path);
  db.exec(statement);
  db.close();
}

const MARK = 'UPDATE note SET restored = 1, restored_over = 7';

describe('SqliteStore', () => {
  for (const { name, run } of STORE_CONTRACT)
    it(name, () => {
      const path = join(tempFolder(), 'test.db');
      const store = openStore(path);
      run(store, {
        another: () => openStore(),
        restored() {
          store.close();
          tamper(path, MARK);
          return openStore(path);
        },
        reopened(used) {
          used.close();
          return openStore(path);
        },
      });
    });

  it('is a file of its owner alone', () => {
    const path = join(tempFolder(), 'test.db');
    openStore(path).fold(genesis());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
  });

  it('brings a file of an older release to this schema, and keeps what it says', () => {
    const path = join(tempFolder(), 'test.db');
    const first = openStore(path);
    first.fold(genesis());
    const { hash } = first.head();
    first.close();
    tamper(path, 'DROP TABLE note; PRAGMA user_version = 1');
    const upgraded = openStore(path);
    expect(upgraded.head()).toEqual({ epoch: 1, revision: 1, hash });
    expect([upgraded.restoredMark(), upgraded.shippedEpoch()]).toEqual([false, 0]);
    upgraded.noteShippedEpoch(1);
    upgraded.close();
    expect(openStore(path).shippedEpoch()).toBe(1);
  });

  it('begins an epoch and clears the mark of a restored file in one transaction', () => {
    const path = join(tempFolder(), 'test.db');
    const first = openStore(path);
    first.fold(genesis());
    first.close();
    tamper(path, MARK);
    tamper(
      path,
      "CREATE TRIGGER no_note BEFORE UPDATE ON note BEGIN SELECT RAISE(ABORT, 'no room for a note'); END",
    );
    const restored = openStore(path);
    expect([restored.restoredMark(), restored.restoredOver()]).toEqual([true, 7]);
    expect(() => restored.begin(nextGenesis(restored, 1007))).toThrow('no room for a note');
    expect([restored.head().epoch, restored.restoredMark()]).toEqual([1, true]);
    restored.close();
    const again = openStore(path);
    expect([again.head().epoch, again.lineage().length, again.restoredMark()]).toEqual([1, 1, true]);
  });

  it('reads the mark of a restored file as an older release left it', () => {
    const path = join(tempFolder(), 'test.db');
    openStore(path).close();
    tamper(path, 'ALTER TABLE note DROP COLUMN restored_over; UPDATE note SET restored = 1001');
    tamper(path, 'PRAGMA user_version = 2');
    const restored = openStore(path);
    expect([restored.restoredMark(), restored.restoredOver()]).toEqual([true, 1001]);
  });

  it('refuses a file of a newer release, saying which versions and the way out', () => {
    const path = join(tempFolder(), 'test.db');
    openStore(path).close();
    tamper(path, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({
        reason: 'SCHEMA_TOO_NEW',
        message: expect.stringMatching(
          new RegExp(`version ${SCHEMA_VERSION + 1}.*up to ${SCHEMA_VERSION}.*--data DIR.*make reset`),
        ),
      }),
    );
  });

  it.each([1, 2])('refuses a file with records for a newer reader: %i at its end', (records) => {
    const path = join(tempFolder(), 'test.db');
    const store = openStore(path);
    store.fold(genesis());
    let head = store.head();
    store.close();
    for (let n = 0; n < records; n++) {
      // The last of two is for this reader again, as a release would have written it that did not look.
      const minReader = n === 0 ? READER_VERSION + 1 : READER_VERSION;
      head = insertRecord(path, recordAfter(head, [flagEntity('a', String(n))], { minReader }));
    }
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({
        reason: 'SCHEMA_TOO_NEW',
        message: expect.stringMatching(
          new RegExp(`reader ${READER_VERSION + 1}.*up to ${READER_VERSION}.*--data DIR.*make reset`),
        ),
      }),
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([0, 15])('refuses a state digest of %i bytes, with the ways out', (bytes) => {
    const path = join(tempFolder(), 'test.db');
    openStore(path).fold(genesis());
    tamper(path, `UPDATE head SET state_digest = zeroblob(${bytes})`);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({
        reason: 'LOG_CORRUPT',
        message: expect.stringMatching(/state digest has 16 bytes.*restore a backup.*--data DIR/),
      }),
    );
  });

  it('refuses a file that is no database, and leaves it as it is', () => {
    const path = join(tempFolder(), 'test.db');
    writeFileSync(path, 'not a database, but long enough to be taken for one '.repeat(100));
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ reason: 'LOG_CORRUPT', message: expect.stringContaining('--data DIR') }),
    );
    expect(readFileSync(path, 'utf8')).toMatch(/^not a database/);
  });

  it.each([
    ['a record that was changed', 'UPDATE log SET bytes = zeroblob(8) WHERE revision = 2'],
    ['a record that is gone', 'DELETE FROM log WHERE revision = 2'],
    ['a hash that was changed', 'UPDATE log SET hash = zeroblob(32) WHERE revision = 2'],
    ['a head that is not the last record', 'UPDATE head SET revision = 2'],
  ])('refuses to start on %s', (_, statement) => {
    const path = join(tempFolder(), 'test.db');
    const store = openStore(path);
    store.fold(genesis());
    store.fold(recordAfter(store.head(), [flagEntity('a', '1')]));
    store.fold(recordAfter(store.head(), [flagEntity('a', '2')]));
    store.close();
    tamper(path, statement);
    expect(() => openStore(path)).toThrow(expect.objectContaining({ reason: 'LOG_CORRUPT' }));
  });
});

import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { samePosition } from '@flagstream/replica';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { createBackup, removeUnfinished, verifyFile } from './backup.ts';
import { claimDataDir } from './data-dir.ts';
import { openFile } from './native-objects.ts';
import { entity, flagEntity, genesis, recordAfter, stagedPart } from './record.fixture.ts';
import { restoreBackup } from './restore.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { SqliteStore } from './sqlite-store.ts';
import { nextGenesis } from './store-story.fixture.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A data folder whose store stays open, as a control plane's is. */
function liveStore(): { readonly folder: string; readonly path: string; readonly store: SqliteStore } {
  const folder = tempFolder();
  const path = join(folder, 'flagstream.db');
  const store = new SqliteStore(path, recordCodec);
  onTestFinished(() => store.close());
  store.fold(genesis());
  store.fold(recordAfter(store.head(), [flagEntity('a', '1'), flagEntity('b', '1')]));
  const part = stagedPart([flagEntity('c', '1')]);
  store.fold(recordAfter(store.head(), [part.change]));
  store.fold(
    recordAfter(store.head(), [entity({ ...flagEntity('a', '1') }, '1', true)], { parts: [part.ref] }),
  );
  return { folder, path, store };
}

/** Runs all steps; `between` after the first of them. */
function run<T>(steps: Generator<void, T>, between: () => void = () => undefined): T {
  let first = true;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (first) between();
    first = false;
  }
}

const restore = (backup: string, folder: string, replace = false) =>
  run(restoreBackup(backup, folder, recordCodec, { replace, nowMs: NOW_MS }));

/** The head of a file read without what stands beside it. */
function verified(path: string): number {
  const alone = join(tempFolder(), 'alone.db');
  copyFileSync(path, alone);
  return run(verifyFile(alone, recordCodec, 'folded')).revision;
}

describe('createBackup', () => {
  it('copies one moment of a log that goes on being written', () => {
    const { folder, store } = liveStore();
    const before = store.head();
    const target = join(tempFolder(), 'deep', 'a.db');
    const made = run(createBackup(folder, target, recordCodec), () =>
      store.fold(recordAfter(store.head(), [flagEntity('d', '1')])),
    );
    expect(made).toMatchObject({ path: target, epoch: 1, revision: 4, entities: 2, tombstones: 1 });
    expect(store.head().revision).toBe(5);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(target, '..'))).toEqual(['a.db']);
    const copy = new SqliteStore(target, recordCodec);
    onTestFinished(() => copy.close());
    expect(samePosition(copy.head(), before)).toBe(true);
    expect(copy.restoredMark()).toBe(false);
  });

  it('overwrites nothing, and leaves nothing unfinished behind', () => {
    const { folder, path } = liveStore();
    const backups = tempFolder();
    const taken = join(backups, 'taken.db');
    writeFileSync(taken, 'mine');
    expect(() => run(createBackup(folder, taken, recordCodec))).toThrow(
      expect.objectContaining({ reason: 'BACKUP_TARGET_EXISTS' }),
    );
    expect(() => run(createBackup(join(folder, 'none'), join(backups, 'b.db'), recordCodec))).toThrow(
      expect.objectContaining({ reason: 'BACKUP_UNUSABLE' }),
    );
    const db = openFile(path);
    db.exec("UPDATE entity SET content = x'00' WHERE key = 'b'");
    db.close();
    expect(() => run(createBackup(folder, join(backups, 'c.db'), recordCodec))).toThrow(
      expect.objectContaining({ reason: 'LOG_CORRUPT' }),
    );
    expect(readdirSync(backups)).toEqual(['taken.db']);
  });

  it('has what a crash left of it removed before the next one', () => {
    const { folder } = liveStore();
    const backups = tempFolder();
    createBackup(folder, join(backups, 'a.db'), recordCodec).next();
    expect(readdirSync(backups)).toEqual(['.unfinished-a.db']);
    removeUnfinished(backups, /^b/);
    expect(readdirSync(backups)).toEqual(['.unfinished-a.db']);
    removeUnfinished(backups, /^a/);
    expect(readdirSync(backups)).toEqual([]);
  });
});

describe('restoreBackup', () => {
  it('puts a verified copy in place, marked as restored', () => {
    const { folder, store } = liveStore();
    const backup = join(tempFolder(), 'a.db');
    run(createBackup(folder, backup, recordCodec));
    const target = join(tempFolder(), 'new');
    expect(restore(backup, target)).toMatchObject({ revision: 4, keptAs: undefined });
    expect(statSync(join(target, 'flagstream.db')).mode & 0o777).toBe(0o600);
    const restored = new SqliteStore(join(target, 'flagstream.db'), recordCodec);
    onTestFinished(() => restored.close());
    expect(restored.restoredMark()).toBe(true);
    expect(samePosition(restored.head(), store.head())).toBe(true);
    expect(Buffer.from(restored.stateDigest())).toEqual(Buffer.from(store.stateDigest()));
    expect(restored.all()).toEqual(store.all());
  });

  it('refuses a folder that holds a log or is in use, and keeps the old log aside when told to replace it', () => {
    const { folder, path, store } = liveStore();
    const backup = join(tempFolder(), 'a.db');
    run(createBackup(folder, backup, recordCodec));
    store.fold(recordAfter(store.head(), [flagEntity('newest', '1')]));
    const claim = claimDataDir(folder);
    expect(() => restore(backup, folder, true)).toThrow(
      expect.objectContaining({ reason: 'DATA_DIR_LOCKED' }),
    );
    claim.release();
    expect(() => restore(backup, folder)).toThrow(expect.objectContaining({ reason: 'DATA_DIR_NOT_EMPTY' }));
    // The store is still open, as after a crash its write-ahead log is still there.
    expect(existsSync(`${path}-wal`)).toBe(true);
    const { keptAs } = restore(backup, folder, true);
    expect(keptAs).toBe(`${path}.replaced-20260102T030405Z`);
    const [kept, now] = [new SqliteStore(keptAs!, recordCodec), new SqliteStore(path, recordCodec)];
    onTestFinished(() => {
      kept.close();
      now.close();
    });
    expect([kept.head().revision, now.head().revision]).toEqual([5, 4]);
    expect([kept.restoredMark(), now.restoredMark()]).toEqual([false, true]);
    // All of it is in the one file: half an exchange would leave a whole log under its name.
    expect(verified(keptAs!)).toBe(5);
    // Again within the same second.
    expect(restore(backup, folder, true).keptAs).toBe(`${keptAs}-2`);
  });

  describe('over a log that began epochs', () => {
    /** A backup of epoch 1, and the log that it takes the place of, in epoch 1001. */
    function begun(): { readonly folder: string; readonly path: string; readonly backup: string } {
      const { folder, path, store } = liveStore();
      const backup = join(tempFolder(), 'a.db');
      run(createBackup(folder, backup, recordCodec));
      store.begin(nextGenesis(store, 1001));
      store.close();
      return { folder, path, backup };
    }

    /** What the restored file says of the log that it took the place of. */
    function restoredOver(backup: string, folder: string): readonly [number, boolean] {
      const { path, epochsKnown } = restore(backup, folder, true);
      const store = new SqliteStore(path, recordCodec);
      expect(store.restoredMark()).toBe(true);
      const over = store.restoredOver();
      store.close();
      return [over, epochsKnown];
    }

    it.each([
      ['as it is', ''],
      ['whose notes are gone', 'DROP TABLE note'],
      ['whose head is gone', 'DROP TABLE head'],
      ['of the first schema', 'DROP TABLE note; PRAGMA user_version = 1'],
      ['of a newer release', `PRAGMA user_version = ${SCHEMA_VERSION + 1}`],
      ['of which one number is damaged', 'UPDATE head SET epoch = 1 << 40'],
    ])('reads them from one %s', (_, tampering) => {
      const { folder, path, backup } = begun();
      const db = openFile(path);
      db.exec(tampering);
      db.close();
      expect(restoredOver(backup, folder)).toEqual([1001, true]);
    });

    it('estimates them where the file does not tell, above those of the logs that stood there before', () => {
      const { folder, path, backup } = begun();
      writeFileSync(path, 'no database '.repeat(1000));
      // That one may have been restored from the same backup.
      expect(restoredOver(backup, folder)).toEqual([1001, false]);
      // Started, it is in 2001, and is damaged in its turn: so it was the second of two.
      writeFileSync(path, 'no database '.repeat(1000));
      expect(restoredOver(backup, folder)).toEqual([2001, false]);
      writeFileSync(path, '');
      expect(restoredOver(backup, folder)).toEqual([3001, false]);
    });

    it('counts from a log that was kept aside and tells', () => {
      const { folder, path, backup } = begun();
      restoredOver(backup, folder);
      writeFileSync(path, 'no database '.repeat(1000));
      const before = readdirSync(folder).filter((name) => name.includes('.replaced-'));
      expect(restoredOver(backup, folder)).toEqual([2001, false]);
      const kept = readdirSync(folder).filter((name) => name.includes('.replaced-'));
      expect(kept).toHaveLength(before.length + 1);
    });

    it('keeps what the backup itself knows', () => {
      const { folder, path, backup } = begun();
      restoredOver(backup, folder);
      const marked = join(tempFolder(), 'marked.db');
      copyFileSync(path, marked);
      expect(restoredOver(marked, join(tempFolder(), 'new'))).toEqual([1001, true]);
    });
  });

  it('changes nothing for a file that is damaged or no backup', () => {
    const { folder, path } = liveStore();
    const bad = join(tempFolder(), 'bad.db');
    run(createBackup(folder, bad, recordCodec));
    const db = openFile(bad);
    db.exec('UPDATE log SET bytes = zeroblob(9) WHERE revision = 2');
    db.close();
    const text = join(tempFolder(), 'text');
    writeFileSync(text, 'no database '.repeat(1000));
    const before = readdirSync(folder).sort();
    expect(() => restore(bad, folder, true)).toThrow(expect.objectContaining({ reason: 'LOG_CORRUPT' }));
    expect(() => restore(text, folder, true)).toThrow(expect.objectContaining({ reason: 'LOG_CORRUPT' }));
    expect(() => restore(join(folder, 'none'), folder, true)).toThrow(
      expect.objectContaining({ reason: 'BACKUP_UNUSABLE' }),
    );
    expect(
      readdirSync(folder)
        .filter((name) => name !== 'lock.db')
        .sort(),
    ).toEqual(before);
    expect(run(verifyFile(path, recordCodec, 'folded')).revision).toBe(4);
  });
});

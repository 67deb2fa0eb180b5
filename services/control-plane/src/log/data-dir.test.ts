import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { claimDataDir } from './data-dir.ts';

/** A process that takes the lock as claimDataDir does, says so, and waits to be killed. */
const HOLDER = `
  const Database = require(process.argv[2]);
  const db = new Database(process.argv[3]);
  db.pragma('locking_mode = EXCLUSIVE');
  db.exec('BEGIN EXCLUSIVE');
  process.send('held');
  setInterval(() => {}, 1000);
`;

describe('claimDataDir', () => {
  it('makes the folder for its owner alone', () => {
    const path = join(tempFolder(), 'a', 'data');
    const dir = claimDataDir(path);
    onTestFinished(() => dir.release());
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(dir.databasePath.startsWith(path)).toBe(true);
  });

  it('closes to others a folder that is there', () => {
    const path = tempFolder();
    chmodSync(path, 0o755);
    const dir = claimDataDir(path);
    onTestFinished(() => dir.release());
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(dir.isOpenToOthers).toBe(false);
  });

  it('leaves a folder that users share as it is, and says so', () => {
    const path = tempFolder();
    chmodSync(path, 0o1777);
    const dir = claimDataDir(path);
    onTestFinished(() => dir.release());
    expect(statSync(path).mode & 0o7777).toBe(0o1777);
    expect(dir.isOpenToOthers).toBe(true);
  });

  it('refuses a second claim until the first is released', () => {
    const path = tempFolder();
    const first = claimDataDir(path);
    expect(() => claimDataDir(path)).toThrow(
      expect.objectContaining({
        reason: 'DATA_DIR_LOCKED',
        message: expect.stringContaining('--data DIR'),
      }),
    );
    first.release();
    claimDataDir(path).release();
  });

  it('is free again once the process that held it was killed', async () => {
    const path = tempFolder();
    claimDataDir(path).release();
    const script = join(tempFolder(), 'holder.cjs');
    writeFileSync(script, HOLDER);
    const library = createRequire(import.meta.url).resolve('better-sqlite3');
    const holder = fork(script, [library, join(path, 'lock.db')]);
    const exited = once(holder, 'exit');
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder, 'message');
    expect(() => claimDataDir(path)).toThrow(expect.objectContaining({ reason: 'DATA_DIR_LOCKED' }));
    holder.kill('SIGKILL');
    await exited;
    claimDataDir(path).release();
  });

  it.each([
    ['below a file', () => join(tempFolder(), 'file', 'data')],
    ['where the system makes none', () => '/proc/flagstream/data'],
  ])('says what to do about a folder that cannot be written: %s', (_where, place) => {
    const path = place();
    if (!path.startsWith('/proc')) writeFileSync(dirname(path), '');
    expect(() => claimDataDir(path)).toThrow(
      expect.objectContaining({
        reason: 'DATA_DIR_UNWRITABLE',
        message: expect.stringMatching(/--data DIR.*make reset/),
      }),
    );
  });
});

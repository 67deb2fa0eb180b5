/** A state on disk that ends the process that loads it. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { booleanFlag, entity, type MemoryLog, shopLog } from '../log.fixture.ts';
import { CachedProcess, MemoryFolder, startIn, tempFolder } from './cache.fixture.ts';
import { NodeCacheFolder } from './node-cache-folder.ts';

const files = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => /(snap|tail)-/.test(name))
    .sort();

function grow(log: MemoryLog): MemoryLog {
  log.commit(entity.flag('default', `f-${log.position.revision}`, booleanFlag));
  return log;
}

/** Two snapshots, so many revisions apart, each with a tail. */
async function filled(apart = 1): Promise<{ readonly path: string; readonly log: MemoryLog }> {
  const path = tempFolder();
  const log = shopLog();
  const process = await startIn(path);
  process.follow(log);
  await process.cache.flush();
  for (let revision = 0; revision < apart; revision++) process.follow(grow(log));
  await process.cache.flush();
  process.follow(grow(log));
  await process.kill();
  const second = `1-${3 + apart}`;
  expect(files(path)).toEqual(['snap-1-3.bin', `snap-${second}.bin`, 'tail-1-3.log', `tail-${second}.log`]);
  return { path, log };
}

/** Ends while what was loaded comes in force; answers what was. */
async function die(path: string, release = '1'): Promise<number> {
  const process = await CachedProcess.load(new NodeCacheFolder(path), release);
  const { revision } = process.state.position;
  process.cache.activating();
  await process.kill();
  return revision;
}

/** Ends over a piece of what was loaded that is compiled later; answers how far it had got before. */
async function dieLater(path: string): Promise<number> {
  const process = await CachedProcess.load(new NodeCacheFolder(path));
  process.cache.activating();
  process.cache.activated();
  process.cache.compiling(() => undefined);
  const death = new Error('the process ends');
  const dying = (): void =>
    process.cache.compiling(() => {
      throw death;
    });
  expect(dying).toThrow(death);
  await process.kill();
  return process.state.position.revision;
}

/** As many ends; what each of them had loaded. */
async function dieAgain(path: string, times: number): Promise<readonly number[]> {
  const loaded = [];
  for (let start = 0; start < times; start++) loaded.push(await die(path));
  return loaded;
}

describe('a state on disk that ends the process again and again', () => {
  it('is passed over with all tails, and goes once a snapshot from behind it is there', async () => {
    const { path, log } = await filled();
    const before = files(path);
    expect(await dieAgain(path, 3)).toEqual([5, 5, 5]);
    for (let start = 0; start < 3; start++) {
      const process = await startIn(path);
      expect(process.opened.problems).toMatchObject([{ kind: 'poison', file: 'snap-1-4.bin' }]);
      expect([process.state.position.revision, process.cache.poisoned]).toEqual([3, true]);
      expect(files(path)).toEqual(before);
      await process.cache.close();
    }
    const following = await startIn(path);
    following.follow(log);
    await following.cache.close();
    expect(files(path)).toEqual(['snap-1-4.bin', 'snap-1-5.bin', 'tail-1-4.log']);
    const next = await startIn(path);
    expect([next.opened.problems, next.state.position]).toEqual([[], log.position]);
    expect(next.cache.poisoned).toBe(false);
  });

  it('stays until what was loaded instead has got as far, which is written at once', async () => {
    const { path, log } = await filled(3);
    const tail = readFileSync(join(path, 'tail-1-3.log'));
    await dieAgain(path, 3);
    const process = await startIn(path);
    process.apply(log.records[3]!);
    await process.cache.flush();
    await process.kill();
    expect(files(path)).toEqual([
      'snap-1-3.bin',
      'snap-1-4.bin',
      'snap-1-6.bin',
      'tail-1-3.log',
      'tail-1-6.log',
    ]);
    expect(readFileSync(join(path, 'tail-1-3.log'))).toEqual(tail);
    const next = await startIn(path);
    expect(next.opened.problems).toMatchObject([{ kind: 'poison', file: 'snap-1-6.bin' }]);
    expect(next.state.position.revision).toBe(4);
    next.apply(log.records[4]!);
    next.apply(log.records[5]!, log.records[6]!);
    await expect.poll(() => files(path)).not.toContain('snap-1-6.bin');
    next.apply(grow(log).records[7]!);
    await next.kill();
    const last = await startIn(path);
    expect([last.opened.problems, last.state.position]).toEqual([[], log.position]);
  });

  it('is followed by the next older one, then by nothing, and all of it can be tried again', async () => {
    const { path, log } = await filled();
    const before = files(path);
    expect(await dieAgain(path, 8)).toEqual([5, 5, 5, 3, 3, 3, 0, 0]);
    expect(files(path)).toEqual(before);
    rmSync(join(path, 'loading'));
    const process = await startIn(path);
    expect([process.opened.problems, process.state.position]).toEqual([[], log.position]);
  });

  it('stays passed over while the older one is under suspicion, and after it was in force', async () => {
    const { path } = await filled();
    await dieAgain(path, 5);
    for (let start = 0; start < 2; start++) {
      const process = await startIn(path);
      expect(process.opened.problems).toMatchObject([{ file: 'snap-1-4.bin' }]);
      expect(process.state.position.revision).toBe(3);
      await process.kill();
    }
    // Its deaths are forgotten.
    expect(await dieAgain(path, 4)).toEqual([3, 3, 3, 0]);
  });

  it('stays where a snapshot from outside is of before it', async () => {
    const { path, log } = await filled();
    const old = shopLog();
    await dieAgain(path, 6);
    const process = await startIn(path);
    expect(process.state.position.revision).toBe(0);
    process.replace(old);
    await process.cache.close();
    expect(files(path)).toEqual(['snap-1-3.bin', 'snap-1-4.bin', 'tail-1-3.log', 'tail-1-4.log']);
    const next = await startIn(path);
    next.replace(log);
    await next.cache.close();
    expect(files(path)).toEqual(['snap-1-5.bin', 'tail-1-3.log', 'tail-1-4.log']);
    expect((await startIn(path)).opened.problems).toEqual([]);
  });

  it('may be the tail of a log of which there is no snapshot', async () => {
    const path = tempFolder();
    const log = shopLog();
    const first = await startIn(path);
    first.follow(log);
    await first.kill();
    expect(await dieAgain(path, 4)).toEqual([3, 3, 3, 0]);
    const process = await startIn(path);
    expect(process.opened.problems).toMatchObject([{ file: 'tail-0-0.log' }]);
    process.follow(log);
    await process.cache.close();
    const next = await startIn(path);
    expect([next.opened.problems, next.state.position]).toEqual([[], log.position]);
  });

  it('is passed over also where the disk lets nobody write', async () => {
    const folder = new MemoryFolder();
    const process = await CachedProcess.start(folder);
    const log = shopLog();
    process.follow(log);
    await process.cache.flush();
    process.follow(grow(log));
    await process.cache.flush();
    folder.files.set('loading', Buffer.from('applying=1.4 last=1.4 deaths=2 release=1'));
    folder.fault = new Error('EROFS');
    const next = await CachedProcess.start(folder);
    expect(next.opened.problems.map(({ kind }) => kind)).toEqual(['unwritable', 'poison']);
    expect(next.state.position.revision).toBe(3);
  });

  it('is loaded again by another release, and once a person says so', async () => {
    const { path } = await filled();
    await dieAgain(path, 3);
    expect(await die(path, '2')).toBe(5);
    await die(path, '2');
    await die(path, '2');
    rmSync(join(path, 'loading'));
    expect(await die(path, '2')).toBe(5);
  });
});

describe('a state on disk with a piece that ends the process when it is compiled', () => {
  it('is passed over as one that ends it at once', async () => {
    const { path } = await filled();
    for (let start = 0; start < 3; start++) expect(await dieLater(path)).toBe(5);
    const process = await startIn(path);
    expect(process.opened.problems).toMatchObject([{ kind: 'poison', file: 'snap-1-4.bin' }]);
    expect([process.state.position.revision, process.cache.poisoned]).toEqual([3, true]);
  });

  it('is suspected no more once all of it was compiled', async () => {
    const { path, log } = await filled();
    for (let start = 0; start < 2; start++) expect(await dieLater(path)).toBe(5);
    const process = await startIn(path);
    await process.kill();
    expect(await dieLater(path)).toBe(5);
    const next = await startIn(path);
    expect([next.opened.problems, next.state.position]).toEqual([[], log.position]);
  });
});

describe('a stop while a state is loaded', () => {
  it('finds no marker of it whenever a signal can be heard', async () => {
    const folder = new MemoryFolder();
    const process = await CachedProcess.start(folder);
    const log = shopLog();
    process.follow(log);
    await process.cache.flush();
    process.follow(grow(log));
    await process.kill();
    const heard: string[] = [];
    const marker = (): string =>
      Buffer.from(folder.files.get('loading') ?? [])
        .toString()
        .trim();
    folder.reading = (name) => heard.push(`${name}: ${marker()}`);
    const next = await CachedProcess.load(folder);
    expect(heard).toEqual(['applying: ', 'loading: ', 'snap-1-3.bin: ', 'tail-1-3.log: ']);
    expect(marker()).toBe('');
    next.cache.activating();
    expect(marker()).toBe('applying=1.3 last=1.3 deaths=0 release=1');
    next.cache.activated();
    expect(marker()).toBe('');
    expect(next.cache.compiling(marker)).toBe('applying=1.3 last=1.3 deaths=0 release=1');
    expect(marker()).toBe('');
    next.cache.loaded();
    expect(next.cache.compiling(marker)).toBe('');
  });

  it('loses nothing, however often', async () => {
    const { path, log } = await filled();
    const before = files(path);
    for (let start = 0; start < 8; start++) {
      const process = await CachedProcess.load(new NodeCacheFolder(path));
      expect([process.opened.problems, process.state.position]).toEqual([[], log.position]);
      await (start % 2 === 0 ? process.kill() : process.cache.close());
      expect(files(path)).toEqual(before);
    }
  });
});

it('a process that is killed once its state is in force is not taken for poisoned', async () => {
  const { path, log } = await filled();
  for (let start = 0; start < 4; start++) {
    const process = await startIn(path);
    expect([process.state.position, process.cache.poisoned]).toEqual([log.position, false]);
    await process.kill();
    await dieAgain(path, 2);
  }
});

it('a marker that cannot be read is reported, and what it spoke of is loaded', async () => {
  const { path, log } = await filled();
  writeFileSync(join(path, 'loading'), 'loading=?');
  const process = await startIn(path);
  expect(process.opened.problems).toMatchObject([{ kind: 'corrupt', file: 'loading' }]);
  expect(process.state.position).toEqual(log.position);
});

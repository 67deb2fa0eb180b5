/** A state on disk that ends the process that loads it. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** Two snapshots, each with a tail. */
async function filled(): Promise<{ readonly path: string; readonly log: MemoryLog }> {
  const path = tempFolder();
  const log = shopLog();
  const process = await startIn(path);
  process.follow(log);
  await process.cache.flush();
  process.follow(grow(log));
  await process.cache.flush();
  process.follow(grow(log));
  await process.kill();
  expect(files(path)).toEqual(['snap-1-3.bin', 'snap-1-4.bin', 'tail-1-3.log', 'tail-1-4.log']);
  return { path, log };
}

/** Ends before what was loaded is in force; answers what was. */
async function die(path: string, release = '1'): Promise<number> {
  const process = await CachedProcess.load(new NodeCacheFolder(path), release);
  const { revision } = process.state.position;
  await process.kill();
  return revision;
}

describe('a state on disk that ends the process twice', () => {
  it('is set aside with all tails, and the snapshot before it is used, from then on', async () => {
    const { path, log } = await filled();
    expect([await die(path), await die(path)]).toEqual([5, 5]);
    const third = await startIn(path);
    expect(third.opened.problems).toMatchObject([{ kind: 'poison', file: 'snap-1-4.bin' }]);
    expect([third.state.position.revision, third.cache.poisoned]).toEqual([3, true]);
    expect(files(path)).toEqual([
      'aside-snap-1-4.bin',
      'aside-tail-1-3.log',
      'aside-tail-1-4.log',
      'snap-1-3.bin',
    ]);
    third.follow(log);
    await third.kill();
    const fourth = await startIn(path);
    expect(fourth.opened.problems).toEqual([]);
    expect([fourth.state.position, fourth.cache.poisoned]).toEqual([log.position, false]);
  });

  it('is followed by the next older one, then by nothing', async () => {
    const { path, log } = await filled();
    const loaded = [];
    for (let start = 0; start < 6; start++) loaded.push(await die(path));
    expect(loaded).toEqual([5, 5, 3, 3, 0, 0]);
    expect(files(path)).toEqual(['aside-snap-1-3.bin']);
    const process = await startIn(path);
    process.follow(log);
    await process.cache.close();
    const next = await startIn(path);
    expect([next.opened.problems, next.state.position]).toEqual([[], log.position]);
  });

  it('may be the tail of a log of which there is no snapshot', async () => {
    const path = tempFolder();
    const first = await startIn(path);
    first.follow(shopLog());
    await first.kill();
    expect([await die(path), await die(path), await die(path)]).toEqual([3, 3, 0]);
    expect(files(path)).toEqual(['aside-tail-0-0.log']);
  });

  it('is passed over also where the disk lets nobody rename it', async () => {
    const folder = new MemoryFolder();
    const process = await CachedProcess.start(folder);
    const log = shopLog();
    process.follow(log);
    await process.cache.flush();
    process.follow(grow(log));
    await process.cache.flush();
    folder.files.set('loading', Buffer.from('applying=1.4 last=1.4 deaths=1 release=1'));
    folder.fault = new Error('EROFS');
    const next = await CachedProcess.start(folder);
    expect(next.opened.problems.map(({ kind }) => kind)).toEqual(['unwritable', 'poison']);
    expect(next.state.position.revision).toBe(3);
  });

  it('is loaded again by another release, and once a person says so', async () => {
    const { path } = await filled();
    await die(path);
    await die(path);
    expect(await die(path, '2')).toBe(5);
    await die(path, '2');
    rmSync(join(path, 'loading'));
    expect(await die(path, '2')).toBe(5);
  });
});

it('a process that is killed once its state is in force is not taken for poisoned', async () => {
  const { path, log } = await filled();
  for (let start = 0; start < 4; start++) {
    const process = await startIn(path);
    expect([process.state.position, process.cache.poisoned]).toEqual([log.position, false]);
    await process.kill();
    await die(path);
  }
});

it('a marker that cannot be read is reported, and what it spoke of is loaded', async () => {
  const { path, log } = await filled();
  writeFileSync(join(path, 'loading'), 'loading=?');
  const process = await startIn(path);
  expect(process.opened.problems).toMatchObject([{ kind: 'corrupt', file: 'loading' }]);
  expect(process.state.position).toEqual(log.position);
});

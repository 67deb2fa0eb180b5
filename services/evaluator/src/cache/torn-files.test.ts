/** Damaged files: whatever is cut off or flipped, what is loaded is a true prefix of the log, or nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { LogState } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { booleanFlag, entity, type MemoryLog, shopLog } from '../log.fixture.ts';
import { MemoryFolder, startIn, tempFolder } from './cache.fixture.ts';
import { CacheLoader } from './cache-loader.ts';

interface Loaded {
  readonly revision: number;
  readonly problems: readonly string[];
}

/** Files of a process that was killed: an older snapshot and its tail, a newer one and its tail. */
async function writtenFiles(log: MemoryLog): Promise<Map<string, Uint8Array>> {
  const path = tempFolder();
  const process = await startIn(path);
  const grow = (key: string): void => {
    for (let n = 0; n < 3; n++) log.commit(entity.flag('default', `${key}-${n}`, booleanFlag));
    process.follow(log);
  };
  process.follow(log);
  await process.cache.flush();
  grow('a');
  await process.cache.flush();
  grow('b');
  await process.kill();
  return new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]));
}

/** What each prefix of the log folds to. */
function prefixes(log: MemoryLog): ReadonlyMap<number, string> {
  const state = new LogState(recordCodec);
  const known = new Map([[0, fingerprint(state)]]);
  for (const record of log.records) {
    state.apply(record);
    known.set(record.revision, fingerprint(state));
  }
  return known;
}

const fingerprint = ({ position, digest, lineage }: LogState): string =>
  [Buffer.from(position.hash).toString('hex'), Buffer.from(digest).toString('hex'), lineage.length].join();

async function setUp() {
  const log = shopLog();
  const files = await writtenFiles(log);
  const known = prefixes(log);
  const load = async (name: string, content: Uint8Array): Promise<Loaded> => {
    const folder = new MemoryFolder();
    for (const [file, bytes] of files) folder.files.set(file, bytes);
    folder.files.set(name, content);
    const loader = new CacheLoader(folder, recordCodec);
    const state = await loader.state(await loader.listing(), undefined);
    expect(fingerprint(state)).toBe(known.get(state.position.revision));
    return { revision: state.position.revision, problems: loader.problems.map(({ kind }) => kind) };
  };
  return { log, files, load };
}

/** Bits to flip in a file, spread over it; not random, so that a failure can be seen again. */
function* flips(file: Uint8Array, count: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) {
    const bit = Math.floor((n * file.length * 8) / count) + (n % 8);
    const copy = Uint8Array.from(file);
    const at = Math.min(file.length - 1, bit >> 3);
    copy[at] = copy[at]! ^ (1 << (bit & 7));
    yield copy;
  }
}

describe('a tail', () => {
  it('is read up to its last whole record, wherever it is cut off', async () => {
    const { log, files, load } = await setUp();
    const tail = files.get('tail-1-6.log')!;
    const ends = [12];
    for (const { bytes } of log.records.slice(6)) ends.push(ends.at(-1)! + 36 + bytes.length);
    expect(ends.at(-1)).toBe(tail.length);
    for (let length = 0; length <= tail.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      const { revision, problems } = await load('tail-1-6.log', tail.subarray(0, length));
      expect(revision).toBe(6 + Math.max(0, whole - 1));
      expect(problems).toEqual(ends.includes(length) ? [] : ['torn']);
    }
  });

  it('is read up to the first record that is not what was written', async () => {
    const { files, load } = await setUp();
    for (const name of ['tail-1-6.log', 'tail-1-3.log'])
      for (const damaged of flips(files.get(name)!, 200)) {
        const { revision, problems } = await load(name, damaged);
        // The older tail is not needed: the newer snapshot is whole.
        if (name === 'tail-1-3.log') expect({ revision, problems }).toEqual({ revision: 9, problems: [] });
        else expect([revision < 9, problems.length]).toEqual([true, 1]);
      }
  });
});

describe('a snapshot', () => {
  it('is passed over for the older one and its tails, wherever it is cut off', async () => {
    const { files, load } = await setUp();
    const snapshot = files.get('snap-1-6.bin')!;
    for (let length = 0; length < snapshot.length; length++)
      expect(await load('snap-1-6.bin', snapshot.subarray(0, length))).toEqual({
        revision: 9,
        problems: ['corrupt'],
      });
  });

  it('is passed over when any bit of it is flipped', async () => {
    const { files, load } = await setUp();
    for (const damaged of flips(files.get('snap-1-6.bin')!, 400))
      expect(await load('snap-1-6.bin', damaged)).toEqual({ revision: 9, problems: ['corrupt'] });
  });

  it('does not count under the name of another place', async () => {
    const { files, load } = await setUp();
    const { revision, problems } = await load('snap-1-8.bin', files.get('snap-1-6.bin')!);
    expect({ revision, problems }).toEqual({ revision: 9, problems: ['corrupt'] });
  });
});

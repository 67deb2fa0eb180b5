import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import { genesisFields } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { booleanFlag, entity, type MemoryLog, shopLog } from '../log.fixture.ts';
import { CachedProcess, MemoryFolder, startIn, tempFolder } from './cache.fixture.ts';
import { encodeHeld } from './held-file.ts';

const names = (path: string): string[] => readdirSync(path).sort();
const files = (path: string): string[] => names(path).filter((name) => /^(snap|tail)-/.test(name));

function grow(log: MemoryLog, count = 1): MemoryLog {
  for (let n = 0; n < count; n++)
    log.commit(entity.flag('default', `f-${log.position.revision}`, booleanFlag));
  return log;
}

describe('EvaluatorCache', () => {
  it('starts at the origin in an empty folder, which it makes, for its owner only', async () => {
    const path = join(tempFolder(), 'new', 'deep');
    const process = await startIn(path);
    expect(process.opened).toMatchObject({ problems: [], held: undefined, frozenBefore: undefined });
    expect(process.state.position.revision).toBe(0);
    process.follow(shopLog());
    await process.cache.close();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const name of names(path)) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    expect(names(path)).toEqual(['applying', 'snap-1-3.bin', 'tail-0-0.log']);
  });

  it('restarts where it was when it is killed, before and after a snapshot, again and again', async () => {
    const path = tempFolder();
    const log = shopLog();
    for (let round = 0; round < 6; round++) {
      const process = await startIn(path);
      expect(process.opened.problems).toEqual([]);
      expect(process.state.position).toEqual(round === 0 ? process.state.position : log.position);
      expect(process.state.digest).toEqual(round === 0 ? process.state.digest : log.state.digest);
      process.follow(grow(log, 3));
      if (round % 2 === 1) await process.cache.flush();
      process.follow(grow(log));
      await process.kill();
    }
  });

  it('goes on over a new epoch, and over a snapshot further on', async () => {
    const path = tempFolder();
    const log = shopLog();
    const process = await startIn(path);
    process.follow(log);
    const { revision, hash } = log.position;
    const base = { epoch: 2, baseRevision: revision, baseHash: hash, startedMs: 2, reason: 'reseed' };
    const genesis = genesisFields([...log.state.lineage, base], 'genesis-2', { id: 't', kind: 'user' });
    log.append(recordCodec.encodeRecord(genesis));
    process.follow(log);
    await process.kill();
    const second = await startIn(path);
    expect(second.state.position).toEqual(log.position);
    second.replace(grow(log, 2));
    second.follow(grow(log));
    await second.cache.flush();
    await second.kill();
    const third = await startIn(path);
    expect(third.opened.problems).toEqual([]);
    expect(third.state.position).toEqual(log.position);
    expect(third.state.lineage).toEqual(log.state.lineage);
    expect(third.state.hashAt(2)).toEqual(log.records[1]!.hash);
  });

  it('keeps two snapshots and the tails that they need', async () => {
    const path = tempFolder();
    const log = shopLog();
    const process = await startIn(path);
    for (let n = 0; n < 4; n++) {
      process.follow(grow(log));
      await process.cache.flush();
    }
    process.follow(grow(log));
    expect(files(path)).toEqual(['snap-1-6.bin', 'snap-1-7.bin', 'tail-1-6.log', 'tail-1-7.log']);
    expect(process.cache.counters).toEqual({ snapshots: 4, failures: 0 });
  });

  it('writes a snapshot once a minute at the most, and none when nothing changed', async () => {
    const log = shopLog();
    const process = await CachedProcess.start(new MemoryFolder());
    const after = async (ms: number): Promise<number> => {
      process.nowMs += ms;
      process.cache.tick();
      await new Promise((resolve) => setImmediate(resolve));
      return process.cache.counters.snapshots;
    };
    process.follow(log);
    expect(await after(59_999)).toBe(0);
    expect(await after(1)).toBe(1);
    expect(await after(600_000)).toBe(1);
    process.follow(grow(log));
    expect(await after(0)).toBe(2);
    process.follow(grow(log));
    expect(await after(59_999)).toBe(2);
    expect(await after(1)).toBe(3);
    await process.cache.close();
    expect(process.cache.counters.snapshots).toBe(3);
  });

  it('holds what is applied while a snapshot is being written', async () => {
    const path = tempFolder();
    const log = shopLog();
    const process = await startIn(path);
    process.follow(log);
    const written = process.cache.flush();
    process.follow(grow(log, 2));
    await written;
    expect(process.cache.tailBytes).toBeGreaterThan(0);
    await process.kill();
    expect((await startIn(path)).state.position).toEqual(log.position);
  });

  it('forgets a log that is no longer the one', async () => {
    const path = tempFolder();
    const before = await startIn(path);
    before.follow(grow(shopLog(), 20));
    await before.cache.flush();
    const other = shopLog();
    before.replace(other);
    before.apply(other.commit(entity.flag('default', 'other', booleanFlag)));
    await before.cache.flush();
    await before.kill();
    expect(files(path)).toEqual(['snap-1-3.bin', 'snap-1-4.bin', 'tail-1-3.log']);
    const next = await startIn(path);
    expect(next.state.position).toEqual(other.position);
    expect(next.state.logIdentity).toEqual(other.state.logIdentity);
  });

  it('refuses a snapshot of a newer release and of another log by name, and uses the one before', async () => {
    const folder = new MemoryFolder();
    const log = shopLog();
    const process = await CachedProcess.start(folder);
    process.follow(log);
    await process.cache.flush();
    process.follow(grow(log));
    await process.cache.flush();
    const { position } = log;
    const rewritten = (over: Partial<SnapshotHeader>, format = 1): Uint8Array =>
      withHeader(folder.files.get('snap-1-4.bin')!, over, format);
    for (const [bytes, kind] of [
      [rewritten({}, 2), 'newer-format'],
      [rewritten({ format: 2 }), 'newer-format'],
      [rewritten({ minReader: 99 }), 'newer-format'],
      [rewritten({ logId: 'elsewhere' }), 'other-log'],
    ] as const) {
      const copy = new MemoryFolder();
      for (const [name, content] of folder.files) copy.files.set(name, content);
      copy.files.set('snap-1-4.bin', bytes);
      const next = await CachedProcess.start(copy);
      expect(next.opened.problems).toMatchObject([{ kind, file: 'snap-1-4.bin' }]);
      expect(next.state.position).toEqual(position);
      next.follow(grow(log));
      await next.cache.flush();
      // It no longer takes the place of one that can be read.
      expect([...copy.files.keys()].filter((name) => name.startsWith('snap'))).toEqual([
        'snap-1-3.bin',
        `snap-1-${log.position.revision}.bin`,
      ]);
    }
  });
});

describe('a disk that does not take writes', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

  it('is reported and counted, while records go on being applied, and is tried again', async () => {
    const folder = new MemoryFolder();
    const log = shopLog();
    const process = await CachedProcess.start(folder);
    process.follow(log);
    folder.fault = full;
    process.follow(grow(log, 3));
    process.nowMs += 60_000;
    await process.cache.flush();
    expect(process.state.position).toEqual(log.position);
    // Once for each kind of write, however often it fails.
    expect(process.reported.map(({ file, kind }) => [file, kind])).toEqual([
      ['marker', 'unwritable'],
      ['tail', 'unwritable'],
      ['snapshot', 'unwritable'],
    ]);
    const failed = process.cache.counters.failures;
    expect(failed).toBeGreaterThan(3);
    folder.fault = undefined;
    // The tail has a hole now: it ends before it.
    process.follow(grow(log));
    expect((await CachedProcess.start(folder)).state.position.revision).toBe(3);
    process.nowMs += 60_000;
    process.cache.tick();
    await process.cache.flush();
    expect(process.cache.counters).toEqual({ snapshots: 1, failures: failed });
    process.follow(grow(log));
    expect((await CachedProcess.start(folder)).state.position).toEqual(log.position);
  });

  it('is read from at the start', async () => {
    const folder = new MemoryFolder();
    const log = shopLog();
    const before = await CachedProcess.start(folder);
    before.follow(log);
    await before.kill();
    folder.fault = full;
    const next = await CachedProcess.start(folder);
    expect(next.opened.problems).toMatchObject([{ kind: 'unwritable', detail: full.message }]);
    expect(next.state.position).toEqual(log.position);
    next.follow(grow(log));
    folder.fault = undefined;
    await next.cache.flush();
    next.follow(grow(log));
    expect((await CachedProcess.start(folder)).state.position).toEqual(log.position);
  });

  it('is no reason not to start when it is not there at all', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    const process = await startIn(join(file, 'below'));
    expect(process.opened.problems.map(({ kind }) => kind)).toContain('unwritable');
    process.follow(shopLog());
    await process.cache.close();
    expect(process.reported.map(({ kind }) => kind)).toContain('unwritable');
  });
});

describe('the claim of a folder', () => {
  it('is one process’s at a time', async () => {
    const path = tempFolder();
    const process = await startIn(path);
    await expect(startIn(path)).rejects.toMatchObject({ reason: 'DATA_DIR_LOCKED' });
    await process.cache.close();
    expect(names(path)).toEqual(['applying']);
    await (await startIn(path)).cache.close();
  });

  it.each([
    ['a process that is gone', '4194305 1 x'],
    ['another process with our number', `${globalThis.process.pid} 1 of-another-boot`],
    ['nobody', ''],
  ])('does not outlive %s', async (_, maker) => {
    const path = tempFolder();
    writeFileSync(join(path, 'lock-7'), maker);
    const process = await startIn(path);
    expect(names(path)).toEqual(['applying', 'lock-8']);
    await process.cache.close();
  });
});

describe('poison guard', () => {
  /** Dies while it applies what comes next, as many times as asked. */
  async function die(path: string, log: MemoryLog, release = '1'): Promise<CachedProcess> {
    const process = await startIn(path, release);
    process.cache.applying(log.position);
    await process.kill();
    return process;
  }

  it('starts frozen before a record that ended the process twice, until another release or a person', async () => {
    const path = tempFolder();
    const log = shopLog();
    const first = await startIn(path);
    first.follow(log);
    await first.kill();
    grow(log);
    await die(path, log);
    const second = await die(path, log);
    expect([second.cache.oneByOne, second.opened.frozenBefore]).toEqual([true, undefined]);
    for (let round = 0; round < 2; round++) {
      const frozen = await startIn(path);
      expect(frozen.opened.frozenBefore).toEqual({ epoch: 1, revision: 4 });
      expect(frozen.state.position.revision).toBe(3);
      await frozen.cache.close();
    }
    const released = await startIn(path, '2');
    expect(released.opened.frozenBefore).toBeUndefined();
    await released.cache.close();
    await die(path, log);
    await die(path, log);
    rmSync(join(path, 'applying'));
    expect((await startIn(path)).opened.frozenBefore).toBeUndefined();
  });

  it('leaves out what the files hold at and after the place', async () => {
    const path = tempFolder();
    const log = shopLog();
    const process = await startIn(path);
    process.follow(log);
    await process.cache.flush();
    process.follow(grow(log, 2));
    await process.cache.flush();
    await process.kill();
    writeFileSync(join(path, 'applying'), 'applying=1.5 last=1.5 deaths=1 release=1\n');
    const frozen = await startIn(path);
    expect(frozen.opened.frozenBefore).toEqual({ epoch: 1, revision: 5 });
    expect(frozen.state.position.revision).toBe(4);
    expect(frozen.opened.problems).toEqual([]);
    await frozen.cache.close();
    expect(files(path)).toContain('snap-1-5.bin');
  });

  it('is not set off by being killed while nothing is applied', async () => {
    const path = tempFolder();
    const log = grow(shopLog());
    const first = await startIn(path);
    first.follow(log);
    expect(readFileSync(join(path, 'applying'), 'utf8').trim()).toBe('');
    await first.kill();
    await die(path, grow(log));
    for (let round = 0; round < 3; round++) await (await startIn(path)).kill();
    const last = await startIn(path);
    expect([last.opened.frozenBefore, last.cache.oneByOne]).toEqual([undefined, true]);
    last.follow(log);
    expect(last.cache.oneByOne).toBe(false);
  });

  it('reports a marker that cannot be read, and goes on', async () => {
    const path = tempFolder();
    writeFileSync(join(path, 'applying'), 'applying=?');
    const process = await startIn(path);
    expect(process.opened.problems).toMatchObject([{ kind: 'corrupt', file: 'applying' }]);
    expect(process.opened.frozenBefore).toBeUndefined();
  });
});

describe('last good versions', () => {
  it('are there at the next start, the newest file that is whole', async () => {
    const path = tempFolder();
    const log = shopLog();
    const process = await startIn(path);
    process.follow(log);
    for (const key of ['a', 'b']) {
      const unit = { key, flag: { kind: 'FLAG_KIND_BOOLEAN' } } as const;
      const held = { project: 'default', environment: 'development', kind: 'flag', unit } as const;
      process.held = { logIdentity: log.state.logIdentity, units: [held] };
      process.cache.quarantineChanged();
      process.cache.applied([]);
    }
    await process.cache.close();
    const whole = encodeHeld(process.held);
    expect(names(path).filter((name) => name.startsWith('held'))).toEqual(['held-2.bin']);
    writeFileSync(join(path, 'held-3.bin'), whole.subarray(0, whole.length - 1));
    const next = await startIn(path);
    expect(next.opened.held).toEqual({
      logIdentity: Buffer.from(log.state.logIdentity),
      units: process.held.units,
    });
    expect(next.opened.problems).toMatchObject([{ kind: 'corrupt', file: 'held-3.bin' }]);
  });
});

/** A snapshot file whose header says something else, with a checksum that is right. */
function withHeader(bytes: Uint8Array, over: Partial<SnapshotHeader>, format: number): Uint8Array {
  const file = Buffer.from(bytes);
  const length = file.readUInt32BE(12);
  const header = SnapshotHeader.decode(file.subarray(16, 16 + length));
  const encoded = SnapshotHeader.encode({ ...header, ...over }).finish();
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(format, 0);
  lengths.writeUInt32BE(encoded.length, 4);
  const body = Buffer.concat([file.subarray(0, 8), lengths, encoded, file.subarray(16 + length, -32)]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

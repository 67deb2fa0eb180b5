/** A full disk, a write-ahead log that was cut or changed, a file that was changed: on real files. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlagstreamError, recordCodec } from '@flagstream/protocol';
import { hex } from '@flagstream/replica';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { verifyFile } from './backup.ts';
import { flagEntity, genesis, recordAfter } from './record.fixture.ts';
import { SqliteStore } from './sqlite-store.ts';
import { commit, contents } from './store-story.fixture.ts';

const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;
const RECORDS = 12;
const FLIPS = 30;

interface Written {
  readonly path: string;
  /** What the store held after each revision, from none on. */
  readonly states: readonly unknown[];
}

/** A store in use: its write-ahead log holds every record. */
function writtenStore(): Written {
  const path = join(tempFolder(), 'flagstream.db');
  const store = new SqliteStore(path, recordCodec);
  onTestFinished(() => store.close());
  const states = [contents(store)];
  store.fold(genesis());
  states.push(contents(store));
  for (let n = 0; n < RECORDS; n++) {
    commit(store, flagEntity(`flag-${n % 5}`, `content ${n} `.repeat(1 + 40 * (n % 3))));
    states.push(contents(store));
  }
  return { path, states };
}

/** The generator of Park and Miller: the same places in every run. */
function randomly(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** How many revisions an opened copy holds, after making sure that they are a prefix; or the reason of refusal. */
function opened(path: string, states: readonly unknown[]): number | string {
  let store: SqliteStore;
  try {
    store = new SqliteStore(path, recordCodec);
  } catch (error) {
    if (error instanceof FlagstreamError) return error.reason;
    throw error;
  }
  try {
    const { revision } = store.head();
    expect(contents(store)).toEqual(states[revision]);
    return revision;
  } finally {
    store.close();
  }
}

describe('a write-ahead log', () => {
  it('that is cut anywhere opens to a committed prefix', () => {
    const { path, states } = writtenStore();
    const whole = readFileSync(`${path}-wal`);
    const frames = Math.floor((whole.length - WAL_HEADER_BYTES) / FRAME_BYTES);
    const lastFrame = WAL_HEADER_BYTES + (frames - 1) * FRAME_BYTES;
    const random = randomly(1);
    const cuts = [
      0,
      1,
      WAL_HEADER_BYTES,
      ...Array.from({ length: 8 }, (_, i) => lastFrame + Math.floor((i * FRAME_BYTES) / 8)),
      ...Array.from({ length: 12 }, () => random(whole.length)),
      whole.length,
    ].sort((a, b) => a - b);
    let least = 0;
    for (const cut of cuts) {
      const copy = join(tempFolder(), 'flagstream.db');
      copyFileSync(path, copy);
      writeFileSync(`${copy}-wal`, whole.subarray(0, cut));
      const revision = opened(copy, states);
      expect(revision).toBeGreaterThanOrEqual(least);
      least = Number(revision);
    }
    expect(least).toBe(RECORDS + 1);
  });

  it('with a changed bit opens to a committed prefix', () => {
    const { path, states } = writtenStore();
    const whole = readFileSync(`${path}-wal`);
    const random = randomly(2);
    const revisions = new Set<number | string>();
    for (let n = 0; n < FLIPS; n++) {
      const copy = join(tempFolder(), 'flagstream.db');
      copyFileSync(path, copy);
      writeFileSync(`${copy}-wal`, withFlippedBit(whole, random));
      revisions.add(opened(copy, states));
    }
    expect([...revisions].filter((found) => typeof found !== 'number')).toEqual([]);
    expect(revisions.size).toBeGreaterThan(2);
  });
});

describe('a database file', () => {
  it('with a changed bit is what it was, or is found damaged by name', () => {
    const { path, states } = writtenStore();
    const closed = new SqliteStore(path, recordCodec);
    closed.close();
    const whole = readFileSync(path);
    const random = randomly(3);
    const answers: string[] = [];
    for (let n = 0; n < FLIPS; n++) {
      const copy = join(tempFolder(), 'flagstream.db');
      writeFileSync(copy, withFlippedBit(whole, random));
      const verdict = verified(copy);
      answers.push(verdict);
      // What passes has to be the truth; what does not may still be read, and then its state is not looked at.
      if (verdict === 'sound') expect(opened(copy, states)).toBe(RECORDS + 1);
    }
    const reasons = new Set(answers);
    for (const known of ['sound', 'LOG_CORRUPT', 'SCHEMA_TOO_NEW', 'BACKUP_UNUSABLE']) reasons.delete(known);
    expect([...reasons]).toEqual([]);
    expect(answers.filter((answer) => answer === 'LOG_CORRUPT').length).toBeGreaterThan(2);
  });
});

describe('a full disk', () => {
  it('refuses the record that does not fit, keeps the rest, and takes records again when there is room', () => {
    const path = join(tempFolder(), 'flagstream.db');
    const full = new SqliteStore(path, recordCodec, { bytesMax: 400_000 });
    onTestFinished(() => full.close());
    full.fold(genesis());
    const large = 'x'.repeat(30_000);
    const fill = (): void => {
      for (let n = 0; n < 100; n++) commit(full, flagEntity(`flag-${n}`, large));
    };
    expect(fill).toThrow(expect.objectContaining({ reason: 'STORAGE_FULL' }));
    const before = contents(full);
    const { revision } = full.head();
    expect(revision).toBeGreaterThan(3);
    expect(() => full.fold(recordAfter(full.head(), [flagEntity('more', large)]))).toThrow(
      expect.objectContaining({ reason: 'STORAGE_FULL' }),
    );
    expect(contents(full)).toEqual(before);
    full.close();
    const roomy = new SqliteStore(path, recordCodec);
    onTestFinished(() => roomy.close());
    expect(contents(roomy)).toEqual(before);
    commit(roomy, flagEntity('more', large));
    expect(hex(roomy.head().hash)).toBe(hex(roomy.recentHashes(1)[0]!));
    expect(verified(path)).toBe('sound');
  });
});

function withFlippedBit(bytes: Buffer, random: (below: number) => number): Buffer {
  const changed = Buffer.from(bytes);
  const at = random(changed.length);
  changed[at] = changed[at]! ^ (1 << random(8));
  return changed;
}

/** 'sound', or the reason of the catalogue. */
function verified(path: string): string {
  try {
    const steps = verifyFile(path, recordCodec, 'folded');
    while (steps.next().done !== true);
    return 'sound';
  } catch (error) {
    if (error instanceof FlagstreamError) return error.reason;
    throw error;
  }
}

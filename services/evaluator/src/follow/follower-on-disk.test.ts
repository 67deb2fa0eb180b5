// A follower and its copy on disk: what is applied is there after a kill, and a record that ends the process
// is known by its marker.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import type { LogRecord } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../cache/cache.fixture.ts';
import { EvaluatorCache } from '../cache/evaluator-cache.ts';
import { NodeCacheFolder } from '../cache/node-cache-folder.ts';
import { closing, TestClock, testLogger } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, shopLog } from '../log.fixture.ts';
import { FirstSnapshot } from './first-answer.ts';
import { LogFollower } from './log-follower.ts';

interface Process {
  readonly follower: LogFollower;
  /** What was wrong with the files. */
  readonly problems: readonly string[];
  /** Revisions that came into force together. */
  readonly batches: (readonly number[])[];
  /** As `kill -9` does: nothing is written any more, and the claim counts no longer. */
  kill(): Promise<void>;
}

/** Thrown where the process would end. */
class Death extends Error {}

/** A process on the folder; it dies of the revision `deadly`, also of a state that holds it. */
async function startOn(path: string, log: MemoryLog, deadly?: number): Promise<Process> {
  const folder = new NodeCacheFolder(path);
  const clock = new TestClock();
  const cache = await EvaluatorCache.open({
    folder,
    codec: recordCodec,
    release: '1',
    now: clock.monotonicMs,
    state: () => follower.state,
    held: () => ({ logIdentity: follower.state.logIdentity, units: [] }),
    report: ({ detail }) => expect.unreachable(detail),
  });
  const problems = cache.problems.map(({ kind }) => kind);
  const batches: Process['batches'] = [];
  const { logger } = testLogger();
  const follower: LogFollower = new LogFollower({
    codec: recordCodec,
    source: log,
    snapshots: new FirstSnapshot([log], logger),
    authority: log,
    monotonicMs: clock.monotonicMs,
    random: () => 0,
    logger,
    listener: {
      moved: (records) => {
        const revisions = records.map(({ revision }) => revision);
        batches.push(revisions);
        if (deadly !== undefined && revisions.includes(deadly)) throw new Death();
      },
      replaced: () => {
        if (deadly !== undefined && follower.state.position.revision >= deadly) throw new Death();
      },
      heard: () => undefined,
    },
    cache,
  });
  const kill = async (): Promise<void> => {
    await follower.close();
    await folder.release();
  };
  return closing({ follower, problems, batches, kill }, kill);
}

/** Commits as many records, which nobody hears of yet. */
function unheard(log: MemoryLog, count: number): readonly LogRecord[] {
  log.cut = true;
  return Array.from({ length: count }, (_, n) =>
    log.commit(entity.flag('default', `flag-${log.position.revision}-${n}`, booleanFlag)),
  );
}

const markerIn = (path: string): string => readFileSync(join(path, 'applying'), 'utf8').trim();

/** A folder that holds revision 3, with a log that goes on to revision 6. */
async function folderAtThree(): Promise<{ readonly path: string; readonly log: MemoryLog }> {
  const path = tempFolder();
  const log = shopLog();
  log.snapshotFault = 'none yet';
  const first = await startOn(path, log);
  first.follower.start();
  await expect.poll(() => first.follower.state.position.revision).toBe(3);
  await first.kill();
  unheard(log, 3);
  return { path, log };
}

describe('a follower with a copy on disk', () => {
  it('keeps what was applied before a record that cannot be read, and goes on behind it', async () => {
    const { path, log } = await folderAtThree();
    const [fourth, fifth, sixth] = log.records.splice(3) as [LogRecord, LogRecord, LogRecord];
    const process = await startOn(path, log);
    expect(process.problems).toEqual([]);
    process.follower.start();
    log.deliver(fourth, fifth, { ...sixth, bytes: Uint8Array.of(0xff) });
    expect(process.follower.alarms.has('undecodable')).toBe(true);
    log.deliver(sixth);
    expect(process.batches).toEqual([[4, 5], [6]]);
    await process.kill();
    expect((await startOn(path, log)).follower.state.position).toEqual(log.position);
  });
});

describe('a record that ends the process', () => {
  it('is marked before it is applied, then alone, and the third start stays before it', async () => {
    const { path, log } = await folderAtThree();
    const marked = [];
    const applied = [];
    for (let start = 1; start <= 2; start++) {
      const process = await startOn(path, log, 5);
      expect(() => process.follower.start()).toThrow(Death);
      marked.push(markerIn(path));
      applied.push(process.batches);
      await process.kill();
    }
    expect(marked).toEqual([
      'applying=1.4 last=1.6 deaths=0 release=1',
      'applying=1.5 last=1.5 deaths=1 release=1',
    ]);
    expect(applied).toEqual([[[4, 5, 6]], [[4], [5]]]);

    const third = await startOn(path, log, 5);
    third.follower.start();
    expect(third.follower.state.position.revision).toBe(4);
    expect(third.follower.freshness().source).toBe('frozen');
    expect(markerIn(path)).toBe('frozen=1.5 last=1.5 deaths=2 release=1');
  });
});

describe('a state on disk that ends the process', () => {
  it('is loaded three times, and then no more', async () => {
    const { path, log } = await folderAtThree();
    for (let start = 1; start <= 3; start++) {
      const process = await startOn(path, log, 3);
      expect(process.follower.state.position.revision).toBe(3);
      expect(() => process.follower.start()).toThrow(Death);
      await process.kill();
    }
    const fourth = await startOn(path, log, 3);
    expect([fourth.problems, fourth.follower.state.position.revision]).toEqual([['poison'], 0]);
    fourth.follower.start();
    await fourth.kill();
  });

  it('is in force, and no more under suspicion, once it was taken', async () => {
    const { path, log } = await folderAtThree();
    for (let start = 1; start <= 4; start++) {
      const process = await startOn(path, log);
      expect([process.problems, process.follower.state.position.revision >= 3]).toEqual([[], true]);
      process.follower.start();
      await process.kill();
    }
  });
});

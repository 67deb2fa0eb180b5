/** A range of seeds, run by several processes. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { add, emptyTally, type Tally } from './tally.ts';
import type { SeedRange } from './worker.ts';

export interface RangeOptions extends SeedRange {
  /** Where worker.mjs of the bundle is. */
  readonly folder: string;
  readonly processes: number;
  /** Told of each part when it is done. */
  readonly progress?: (part: Tally, sum: Tally) => void;
}

/** Each worker has a core: threads beside it would only take turns with it. */
const WORKER_FLAGS = ['--max-semi-space-size=64', '--single-threaded-gc', '--no-concurrent-recompilation'];
/** Seeds given to a process at a time. */
const CHUNK = 20;

/** What the seeds add up to. */
export async function tallyRange(options: RangeOptions): Promise<Tally> {
  const sum = emptyTally();
  let next = options.from;
  const take = (): SeedRange | undefined => {
    if (next > options.to) return undefined;
    const range = { from: next, to: Math.min(options.to, next + CHUNK - 1) };
    next = range.to + 1;
    return range;
  };
  const done = (part: Tally): void => {
    add(sum, part);
    options.progress?.(part, sum);
  };
  await Promise.all(Array.from({ length: options.processes }, () => work(options.folder, take, done)));
  sum.found.sort((a, b) => a.seed - b.seed);
  return sum;
}

/** One process, until there is nothing left. */
function work(folder: string, take: () => SeedRange | undefined, done: (part: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(path.join(folder, 'worker.mjs'), { execArgv: WORKER_FLAGS });
    const give = (): void => {
      const range = take();
      if (range === undefined) worker.disconnect();
      else worker.send(range);
    };
    worker.on('message', (part: Tally) => {
      done(part);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a process of the simulation ended with ${code}`));
    });
    give();
  });
}

/** A range of seeds on all cores. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { formatTally } from './report.ts';
import { add, emptyTally, type Tally } from './tally.ts';
import type { SeedRange } from './worker.ts';

/** Seeds given to a worker at a time. */
const CHUNK = 25;
const PROGRESS_EVERY_MS = 10_000;

/** @returns the exit code */
export async function runRange(from: number, to: number): Promise<number> {
  const startedMs = Date.now();
  const sum = emptyTally();
  let next = from;
  const take = (): SeedRange | undefined => {
    if (next > to) return undefined;
    const range = { from: next, to: Math.min(to, next + CHUNK - 1) };
    next = range.to + 1;
    return range;
  };
  const progress = setInterval(
    () => process.stderr.write(`${sum.seeds} of ${to - from + 1} seeds\n`),
    PROGRESS_EVERY_MS,
  );
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(take, sum)));
  clearInterval(progress);
  process.stdout.write(formatTally(sum, Date.now() - startedMs));
  return sum.found.length > 0 ? 1 : 0;
}

/** One worker, until there is nothing left. */
function work(take: () => SeedRange | undefined, sum: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(path.join(import.meta.dirname, 'worker.mjs'));
    const give = (): void => {
      const range = take();
      if (range === undefined) worker.disconnect();
      else worker.send(range);
    };
    worker.on('message', (part: Tally) => {
      add(sum, part);
      for (const { seed, promise, message } of part.found)
        process.stdout.write(`seed ${seed} violates ${promise}: ${message}\n    make sim SEED=${seed}\n`);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    give();
  });
}

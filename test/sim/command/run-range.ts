/** A range of seeds on all cores, with its figures, added to the table of results. */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { coverageOf } from '../coverage/coverage.ts';
import { formatTally } from './report.ts';
import { addResult } from './results-table.ts';
import { tallyRange } from './tally-range.ts';

const PROGRESS_EVERY_MS = 10_000;
/** So many seeds reach this share of the transitions that can happen. */
const COVERAGE_SEEDS = 1_000;
const COVERAGE_MIN = 0.95;
/** What a seed may cost, on a machine that does nothing else. */
const CPU_MAX_MS = 100;

/** @returns the exit code */
export async function runRange(from: number, to: number): Promise<number> {
  const startedMs = Date.now();
  let toldMs = startedMs;
  const tally = await tallyRange({
    from,
    to,
    folder: import.meta.dirname,
    processes: availableParallelism(),
    progress: (part, sum) => {
      for (const { seed, message } of part.found)
        process.stdout.write(`seed ${seed}: ${message}\n    make sim SEED=${seed}\n`);
      if (Date.now() - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = Date.now();
      process.stderr.write(`${sum.seeds} of ${to - from + 1} seeds\n`);
    },
  });
  process.stdout.write(formatTally(tally, Date.now() - startedMs));
  addResult({ from, to }, tally);
  const { reached, reachable, unforeseen } = coverageOf(tally.transitions);
  const isDear = tally.seeds >= COVERAGE_SEEDS && tally.cpuMs / tally.seeds > CPU_MAX_MS;
  if (isDear) process.stdout.write(`a seed costs more than ${CPU_MAX_MS} ms of CPU\n`);
  const isThin = tally.seeds >= COVERAGE_SEEDS && reached / reachable < COVERAGE_MIN;
  if (isThin) process.stdout.write(`fewer than ${COVERAGE_MIN * 100} % of the transitions were reached\n`);
  return tally.found.length > 0 || unforeseen.length > 0 || isThin || isDear ? 1 : 0;
}

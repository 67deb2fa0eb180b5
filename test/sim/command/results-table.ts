/**
 * test/results/simulation.md: one row for each range of seeds that was run, so
 * that ranges add up.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { coverageOf } from '../coverage/coverage.ts';
import type { Tally } from './tally.ts';
import type { SeedRange } from './worker.ts';

/** The command runs in the repository's root. */
const FILE = path.resolve('test/results/simulation.md');
/** A few seeds are a look, not a result. */
const SEEDS_MIN = 1_000;
const HEADER = `# Seeds of the simulation that were run

\`make sim SEEDS=a..b\` adds a row; the ranges of one commit add up. A violation's seed is replayed with \`make sim SEED=n\`.

| seeds | count | violations | commit | date | machine | CPU a seed | events a seed | transitions reached | not reached |
|---|--:|--:|---|---|---|--:|--:|--:|---|
`;

export function addResult({ from, to }: SeedRange, tally: Tally): void {
  if (tally.seeds < SEEDS_MIN) return;
  const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEADER;
  const { reached, reachable, missing } = coverageOf(tally.transitions);
  const cells = [
    `${from}..${to}`,
    tally.seeds,
    tally.found.length === 0 ? 0 : `${tally.found.length}: ${tally.found.map(({ seed }) => seed).join(', ')}`,
    commit(),
    new Date().toISOString().slice(0, 10),
    `Node ${process.versions.node}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? process.arch}`,
    `${(tally.cpuMs / tally.seeds).toFixed(0)} ms`,
    Math.round(tally.events / tally.seeds),
    `${reached} of ${reachable}`,
    missing.join(', '),
  ];
  writeFileSync(FILE, `${before}| ${cells.join(' | ')} |\n`);
}

/** With a "+" when the sources are not what the commit says. */
function commit(): string {
  const git = (...words: string[]): string => execFileSync('git', words, { encoding: 'utf8' }).trim();
  const isChanged =
    git('status', '--porcelain', '--untracked-files=no', 'packages', 'services', 'test/sim') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
}

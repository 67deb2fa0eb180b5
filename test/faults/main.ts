// `make faults`: every row of the failure table at full size, and every crash point twenty times, on a real
// nats-server. Prints a line per row and writes the table to test/results. ARGS: numbers of rows,
// or "crash"; --short for faults of seconds.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { seeded } from '../history/random-history.fixture.ts';
import { natsVersion } from '../support/nats-server.ts';
import { releaseAll } from '../support/resources.ts';
import { crashControlPlane, crashEvaluator } from './crash-rounds.ts';
import { runRow } from './fault-row.ts';
import { formatTable, type TableLine } from './fault-table.ts';
import type { Figures } from './figures.ts';
import { FAULT_ROWS } from './rows.ts';

const full = !process.argv.includes('--short');
const CRASH_ROUNDS = full ? 20 : 1;
const CRASH_PASSES_MAX = 30;
const SEED = 5;

interface Case {
  readonly row: string;
  readonly sentence: string;
  run(): Promise<Figures>;
}

const crashOptions = { rounds: CRASH_ROUNDS, passesMax: CRASH_PASSES_MAX, random: seeded(SEED) };

const CASES: readonly Case[] = [
  {
    row: '1, 4, 5',
    sentence: `the control plane is killed at each of its crash points, ${CRASH_ROUNDS} times`,
    run: () => crashControlPlane(crashOptions),
  },
  {
    row: 'crash',
    sentence: `an evaluator is killed at each of its crash points, ${CRASH_ROUNDS} times`,
    run: () => crashEvaluator(crashOptions),
  },
  ...FAULT_ROWS.map(
    (row): Case => ({ row: String(row.row), sentence: row.sentence, run: () => runRow(row, full) }),
  ),
];

const wanted = process.argv.slice(2).filter((word) => word !== '--short');
const chosen = CASES.filter(
  ({ row }) => wanted.length === 0 || wanted.some((word) => row.split(', ').includes(word)),
);
const lines: TableLine[] = [];
for (const { row, sentence, run } of chosen) {
  const startedMs = performance.now();
  const line = await run().then(
    (figures): TableLine => ({ row, sentence, figures }),
    (error: Error): TableLine => ({ row, sentence, failure: error.message }),
  );
  await releaseAll();
  lines.push(line);
  const problems = 'failure' in line ? [line.failure] : line.figures.problems;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  process.stdout.write(`${problems.length === 0 ? 'holds' : 'FAILS'}  ${row}  ${sentence}  (${seconds} s)\n`);
  for (const problem of problems) process.stdout.write(`       ${problem}\n`);
}

const version = await natsVersion();
const table = formatTable(lines, {
  natsVersion: version,
  node: process.version,
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
});
process.stdout.write(`\n${table}`);
if (wanted.length === 0 && full) {
  const folder = path.resolve(import.meta.dirname, '../results');
  mkdirSync(folder, { recursive: true });
  const name = version.startsWith('2.9.') ? `faults-nats-${version}.md` : 'faults.md';
  writeFileSync(path.join(folder, name), table);
}
const failed = lines.filter((line) => 'failure' in line || line.figures.problems.length > 0).length;
process.exitCode = failed === 0 && lines.length > 0 ? 0 : 1;

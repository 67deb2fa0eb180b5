// `make laws`: the laws of the engine at full size (minutes), and the figures that their tests tell, printed
// and written to test/results/laws.txt. Arguments are parts of file names; then nothing is written.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { closingLine, countTests, formatUnpassed } from './test-summary.mjs';
import { runProject } from './vitest-run.mjs';

const RESULT = path.join(path.dirname(import.meta.dirname), 'test', 'results', 'laws.txt');
const EVERY_LAW = 'laws';
/** A quiet machine takes a fifth of it. */
const TIMEOUT_MS = 60 * 60_000;

const filters = process.argv.slice(2);
const record = await runProject({
  project: 'unit',
  // Minutes of work: one core is left to whoever waits.
  workers: Math.max(1, availableParallelism() - 1),
  filters: filters.length === 0 ? [EVERY_LAW] : filters,
  env: { FLAGSTREAM_FULL: '1' },
  timeoutMs: TIMEOUT_MS,
});
const counts = countTests([record]);
const lines = [...record.files].sort((a, b) => (a.file < b.file ? -1 : 1)).flatMap(formatFile);
process.stdout.write(`\n${[...lines, ...formatUnpassed([record]), '', closingLine(counts)].join('\n')}\n`);
if (filters.length === 0) writeResult();
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** Each test of a file with its figures. */
function formatFile({ file, tests, startMs, endMs }) {
  const title = `${file} (${Math.round((endMs - startMs) / 1000)} s)`;
  const told = tests.flatMap(({ name, state, figures }) => [
    `  ${state}: ${name}`,
    ...figures.map((figure) => `    ${figure}`),
  ]);
  return [title, ...told, ''];
}

function writeResult() {
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? process.arch}`;
  const title = `make laws: ${machine}, ${new Date().toISOString().slice(0, 10)}`;
  mkdirSync(path.dirname(RESULT), { recursive: true });
  writeFileSync(RESULT, `${[title, '', ...lines, closingLine(counts)].join('\n')}\n`);
}

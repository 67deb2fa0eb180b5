// `make soak`: what must not grow. ARGS="start-up" and ARGS="changes" run one half; SOAK_CHANGES and
// SOAK_REVISIONS make them smaller, and then nothing is kept.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { calibrate, describeMachine } from '../bench/machine.ts';
import { type SuiteReport, toMarkdown } from '../bench/report.ts';
import { releaseAll } from '../support/resources.ts';
import { type MemoryRow, runManyChanges } from './many-changes.ts';
import { measureStartUp } from './start-up.ts';

const MEBIBYTE = 2 ** 20;
const REVISIONS = 500_000;
const CHANGES = 1_000_000;
const RESULTS: string = path.resolve(import.meta.dirname, '..', 'results');
/** Longer than this and something hangs. */
const RUN_MAX_MS = 3 * 3_600_000;

const SUITES: Readonly<Record<string, () => Promise<SuiteReport>>> = {
  'start-up': startUp,
  changes: manyChanges,
};

process.env['FLAGSTREAM_TEST_BUILT'] = '1';

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => SUITES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `there is no soak ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exit(2);
}
setTimeout(() => {
  process.stderr.write('the soak took too long\n');
  process.exit(1);
}, RUN_MAX_MS).unref();

try {
  for (const name of chosen.length > 0 ? chosen : Object.keys(SUITES)) {
    const calibrationMs = [calibrate()];
    const suite = await SUITES[name]!();
    await releaseAll();
    calibrationMs.push(calibrate());
    const markdown = toMarkdown({
      date: new Date().toISOString().slice(0, 10),
      command: `make soak ARGS=${name}`,
      machine: describeMachine(),
      calibrationMs,
      suites: [suite],
    });
    process.stdout.write(`\n${markdown}`);
    if (isFullSize()) keep(name, markdown);
  }
} finally {
  await releaseAll();
}
process.exit();

function keep(name: string, markdown: string): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, `soak-${name}.md`), markdown);
  process.stderr.write(`kept as test/results/soak-${name}.md\n`);
}

function isFullSize(): boolean {
  return process.env['SOAK_CHANGES'] === undefined && process.env['SOAK_REVISIONS'] === undefined;
}

function sizeFrom(variable: string, full: number): number {
  const given = process.env[variable];
  return given === undefined ? full : Number(given);
}

async function startUp(): Promise<SuiteReport> {
  const many = sizeFrom('SOAK_REVISIONS', REVISIONS);
  const times = await measureStartUp([1_000, many]);
  const [few] = times;
  return {
    name: 'start-up',
    title: 'Start-up over a long log',
    notes: [
      'From the start of the process to its readiness, median of 9 rounds in turn; 200 flags in both logs, nats-server beside them.',
      'The evaluator has an empty disk, the control plane answers it.',
      'Aim: after 500,000 revisions at most 1.2 times that after 1,000.',
    ],
    columns: [
      { key: 'revisions', title: 'revisions' },
      { key: 'controlPlaneMs', title: 'control plane, ms' },
      { key: 'controlPlaneTimes', title: 'x', digits: 2 },
      { key: 'evaluatorMs', title: 'evaluator, ms' },
      { key: 'evaluatorTimes', title: 'x', digits: 2 },
    ],
    rows: times.map((row) => ({
      ...row,
      controlPlaneTimes: row.controlPlaneMs / few!.controlPlaneMs,
      evaluatorTimes: row.evaluatorMs / few!.evaluatorMs,
    })),
  };
}

async function manyChanges(): Promise<SuiteReport> {
  const changes = sizeFrom('SOAK_CHANGES', CHANGES);
  const rows = await runManyChanges({
    changes,
    measureEvery: changes / 10,
    churnEvery: changes / 100,
    progress: ({ changes: done }) => process.stderr.write(`${done} changes\n`),
  });
  return {
    name: 'changes',
    title: 'Memory over many changes',
    notes: [
      'One control plane (synchronous NORMAL, so that the run ends), one evaluator that stays and one that comes and goes a hundred times; 100 flags switched in turn over gRPC, all shipped through a real nats-server.',
      'Heap after a forced collection, at rest, both at the same revision.',
      growth(rows),
    ],
    columns: [
      { key: 'changes', title: 'changes' },
      { key: 'controlPlaneHeap', title: 'control plane: heap, MiB', digits: 2 },
      { key: 'controlPlaneRss', title: 'RSS, MiB', digits: 0 },
      { key: 'evaluatorHeap', title: 'evaluator: heap, MiB', digits: 2 },
      { key: 'evaluatorRss', title: 'RSS, MiB', digits: 0 },
    ],
    rows: rows.map(({ changes: done, controlPlane, evaluator }) => ({
      changes: done,
      controlPlaneHeap: controlPlane.heapBytes / MEBIBYTE,
      controlPlaneRss: controlPlane.rssBytes / MEBIBYTE,
      evaluatorHeap: evaluator.heapBytes / MEBIBYTE,
      evaluatorRss: evaluator.rssBytes / MEBIBYTE,
    })),
  };
}

/** From a fifth of the run to its end: what comes before fills bounded caches. */
function growth(rows: readonly MemoryRow[]): string {
  const [from, to] = [rows[1]!, rows.at(-1)!];
  const of = (side: 'controlPlane' | 'evaluator'): string => {
    const heap = (to[side].heapBytes - from[side].heapBytes) / MEBIBYTE;
    const rss = 100 * (to[side].rssBytes / from[side].rssBytes - 1);
    return `heap ${heap.toFixed(2)} MiB, RSS ${rss.toFixed(1)} %`;
  };
  return `Growth from change ${from.changes} to ${to.changes}: control plane ${of('controlPlane')}; evaluator ${of('evaluator')}. Aim: at most 5 MB and 10 %.`;
}

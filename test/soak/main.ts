// `make soak`: what must not grow. ARGS="start-up", ARGS="changes" and ARGS="clients" run one part; SOAK_CHANGES,
// SOAK_REVISIONS and SOAK_MINUTES make them smaller, and then nothing is kept. More minutes are kept in a file of their
// own. Fails when a limit is passed (limits.ts, clients-limits.ts).

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { LIMITS } from '@flagstream/protocol';
import { calibrate, describeMachine } from '../bench/machine.ts';
import { type SuiteReport, toMarkdown } from '../bench/report.ts';
import { releaseAll } from '../support/resources.ts';
import { clientsLimits } from './clients-limits.ts';
import { clientsReports } from './clients-report.ts';
import { growthLimits, holds, type Limit, startUpLimits, verdict } from './limits.ts';
import { runManyChanges } from './many-changes.ts';
import { type ManyClientsOptions, runManyClients } from './many-clients.ts';
import { measureStartUp } from './start-up.ts';

interface Soaked {
  readonly reports: readonly SuiteReport[];
  readonly limits: readonly Limit[];
}

const MEBIBYTE = 2 ** 20;
const REVISIONS = 500_000;
const CHANGES = 1_000_000;
const MINUTES = 10;
const START_UP = { flags: 200, rounds: 9 } as const;
/** Small, so that it may run beside other work: half of one core in all, as measured on two busy ones. */
const CLIENTS = {
  stay: { thin: 80, sdk: 15 },
  visit: { thin: 85, sdk: 15 },
  flags: 50,
  // From the first client on, what is kept of each revision is full.
  revisionsBefore: LIMITS.deltaWindowRevisions + 2_000,
  changesPerCycle: 75,
  changeEveryMs: 200,
  disturbEvery: 4,
  disturbedChanges: 15,
} as const satisfies Partial<ManyClientsOptions>;
const CYCLES_PER_MINUTE = 4;
const RESULTS: string = path.resolve(import.meta.dirname, '..', 'results');
/** Longer than this and something hangs. */
const RUN_MAX_MS = 3 * 3_600_000;

const SUITES: Readonly<Record<string, () => Promise<Soaked>>> = {
  'start-up': startUp,
  changes: manyChanges,
  clients: manyClients,
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
    const { reports, limits } = await SUITES[name]!();
    await releaseAll();
    calibrationMs.push(calibrate());
    const markdown = toMarkdown({
      date: new Date().toISOString().slice(0, 10),
      command: commandOf(name),
      machine: describeMachine(),
      calibrationMs,
      suites: reports.map((report, index) =>
        index === reports.length - 1
          ? { ...report, notes: [...report.notes, ...limits.map(verdict)] }
          : report,
      ),
    });
    process.stdout.write(`\n${markdown}`);
    const passed = limits.filter((limit) => !holds(limit));
    if (passed.length > 0) process.exitCode = 1;
    if (isFullSize()) keep(fileOf(name), markdown, passed.length);
  }
} finally {
  await releaseAll();
}
process.exit();

/** Also what fails: its file says so. */
function keep(file: string, markdown: string, limitsPassed: number): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, file), markdown);
  const failure = limitsPassed > 0 ? `, though ${limitsPassed} limits were passed` : '';
  process.stderr.write(`kept as test/results/${file}${failure}\n`);
}

function isFullSize(): boolean {
  const isSmaller = process.env['SOAK_CHANGES'] !== undefined || process.env['SOAK_REVISIONS'] !== undefined;
  return !isSmaller && minutes() >= MINUTES;
}

function minutes(): number {
  return sizeFrom('SOAK_MINUTES', MINUTES);
}

function isLonger(name: string): boolean {
  return name === 'clients' && minutes() > MINUTES;
}

function fileOf(name: string): string {
  return isLonger(name) ? `soak-${name}-${minutes()}.md` : `soak-${name}.md`;
}

function commandOf(name: string): string {
  return `make soak ARGS=${name}${isLonger(name) ? ` SOAK_MINUTES=${minutes()}` : ''}`;
}

function sizeFrom(variable: string, full: number): number {
  const given = process.env[variable];
  return given === undefined ? full : Number(given);
}

async function startUp(): Promise<Soaked> {
  const many = sizeFrom('SOAK_REVISIONS', REVISIONS);
  const figures = await measureStartUp([1_000, many], START_UP);
  const [few] = figures;
  const report: SuiteReport = {
    name: 'start-up',
    title: 'Start-up over a long log',
    notes: [
      `From the start of the process to its readiness, median of ${START_UP.rounds} rounds in turn; ${START_UP.flags} flags in both logs, nats-server beside them.`,
      'The evaluator has an empty disk, the control plane answers it.',
      'Read: bytes that the process took from files and sockets until then, its own program among them.',
    ],
    columns: [
      { key: 'revisions', title: 'revisions' },
      { key: 'controlPlaneMs', title: 'control plane, ms' },
      { key: 'controlPlaneTimes', title: 'x', digits: 2 },
      { key: 'controlPlaneRead', title: 'read, MiB', digits: 2 },
      { key: 'evaluatorMs', title: 'evaluator, ms' },
      { key: 'evaluatorTimes', title: 'x', digits: 2 },
      { key: 'evaluatorRead', title: 'read, MiB', digits: 2 },
    ],
    rows: figures.map((row) => ({
      ...row,
      controlPlaneTimes: row.controlPlaneMs / few!.controlPlaneMs,
      controlPlaneRead: row.controlPlaneReadBytes / MEBIBYTE,
      evaluatorTimes: row.evaluatorMs / few!.evaluatorMs,
      evaluatorRead: row.evaluatorReadBytes / MEBIBYTE,
    })),
  };
  return { reports: [report], limits: startUpLimits(figures) };
}

async function manyChanges(): Promise<Soaked> {
  const changes = sizeFrom('SOAK_CHANGES', CHANGES);
  const rows = await runManyChanges({
    changes,
    measureEvery: changes / 10,
    churnEvery: changes / 100,
    progress: ({ changes: done }) => process.stderr.write(`${done} changes\n`),
  });
  const report: SuiteReport = {
    name: 'changes',
    title: 'Memory over many changes',
    notes: [
      'One control plane (synchronous NORMAL, so that the run ends), one evaluator that stays and one that comes and goes a hundred times; 100 flags switched in turn over gRPC, all shipped through a real nats-server.',
      'Heap after a forced collection, at rest, both at the same revision.',
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
  return { reports: [report], limits: growthLimits(rows) };
}

async function manyClients(): Promise<Soaked> {
  const options: ManyClientsOptions = {
    ...CLIENTS,
    cycles: Math.ceil(minutes() * CYCLES_PER_MINUTE),
    progress: ({ changes, visits }) => process.stderr.write(`${changes} changes, ${visits} visits\n`),
  };
  const result = await runManyClients(options);
  return { reports: clientsReports(options, result), limits: clientsLimits(result) };
}

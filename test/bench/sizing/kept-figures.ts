// The figures of the other suites, from the newest kept report that has them.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchReport, Row, SuiteReport } from '../report.ts';
import type { NodeFigures, Point, Way } from './sizing-model.ts';

export type KeptFigures = Omit<
  NodeFigures,
  'heartbeatCpuUs' | 'heartbeatBytes' | 'logBytesPerChange' | 'natsBytesPerChange'
> & {
  /** When, by which command and on which machine they were taken. */
  readonly taken: string;
};

const SUITES = ['stream-memory', 'stream-push', 'stream-growth', 'cold-start', 'pipelined'] as const;
const EVALUATOR = 'evaluator';

/** @throws Error naming what is missing and how it is made */
export function readKeptFigures(folder: string): KeptFigures {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .reverse();
  for (const file of files) {
    const report = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as BenchReport;
    if (SUITES.every((name) => report.suites.some((suite) => suite.name === name && suite.rows.length > 0)))
      return figuresOf(report, file);
  }
  throw new Error(
    `no report in ${folder} has ${SUITES.join(', ')}: make bench ARGS="streams pipelined" makes one`,
  );
}

function figuresOf(report: BenchReport, file: string): KeptFigures {
  const suite = (name: (typeof SUITES)[number]): SuiteReport =>
    report.suites.find((one) => one.name === name)!;
  const memory = suite('stream-memory').rows;
  const push = suite('stream-push').rows;
  const plain = push.filter(({ server }) => server === EVALUATOR);
  const fewFlags = Math.min(...plain.map(({ flags }) => Number(flags)));
  const largest = largestCrowd(plain.filter(({ flags }) => flags === fewFlags));
  const growth = suite('stream-growth').rows;
  return {
    baseMib: points(byFlags(memory.filter(({ server }) => server === EVALUATOR)), 'flags', 'baseMib'),
    streamKib: number(largestCrowd(rowsLike(memory, EVALUATOR, fewFlags)), 'rssKib'),
    streamTlsKib: number(largestCrowd(rowsLike(memory, `${EVALUATOR}, TLS`, fewFlags)), 'rssKib'),
    pushCpuUs: number(largest, 'pushCpuUs'),
    acknowledgeCpuUs: number(largest, 'acknowledgeCpuUs'),
    // Below one is noise: more flags make no change cheaper.
    pushGrowth: points(growth, 'flags', 'cpuTimes').map(({ x, y }) => ({ x, y: Math.max(1, y) })),
    lastReceiptMs: points(rowsLike(push, EVALUATOR, fewFlags), 'clients', 'receivedLast'),
    bytesPerChange: number(largest, 'bytesPerClient'),
    evaluationCpuUs: suite('pipelined')
      .rows.filter(({ name }) => !String(name).startsWith('bare'))
      .map((row): Way => ({ name: String(row['name']), cpuUs: number(row, 'cpuMedianUs') })),
    coldStartMs: number(suite('cold-start').rows[0]!, 'median'),
    taken: `Taken on ${report.date} by \`${report.command}\` (${file}) on ${report.machine.cores} x ${report.machine.cpu}, Node ${report.machine.node}.`,
  };
}

function rowsLike(rows: readonly Row[], server: string, flags: number): readonly Row[] {
  return rows.filter((row) => row['server'] === server && row['flags'] === flags);
}

/** One of each number of flags. */
function byFlags(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [row['flags'], row])).values()];
}

function largestCrowd(rows: readonly Row[]): Row {
  const [largest] = rows.toSorted((a, b) => number(b, 'clients') - number(a, 'clients'));
  if (largest === undefined) throw new Error('the report has no crowd at an evaluator');
  return largest;
}

function points(rows: readonly Row[], x: string, y: string): readonly Point[] {
  return rows.map((row) => ({ x: number(row, x), y: number(row, y) }));
}

function number(row: Row, key: string): number {
  const value = row[key];
  if (typeof value !== 'number') throw new Error(`the report has no number ${key}`);
  return value;
}

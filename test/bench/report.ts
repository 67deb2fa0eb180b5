// What a benchmark run says: tables of figures with how they were taken, as JSON to keep and Markdown to read.

import type { Machine } from './machine.ts';

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Decimals of numbers. Default 0. */
  readonly digits?: number;
}

/** A drawing of a suite's figures, kept beside its table. */
export interface Plot {
  /** Without an ending. */
  readonly file: string;
  readonly svg: string;
}

export type Row = Readonly<Record<string, string | number>>;

/** The figures of one suite. */
export interface SuiteReport {
  readonly name: string;
  readonly title: string;
  /** How it was measured, and what the figures leave out. */
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly plots?: readonly Plot[];
  /** Why there are no figures. */
  readonly notRun?: string;
}

export interface BenchReport {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  /** CPU milliseconds of a fixed loop, in the order of the run: how much the machine itself moved. */
  readonly calibrationMs: readonly number[];
  readonly suites: readonly SuiteReport[];
}

export function toMarkdown(report: BenchReport): string {
  const { machine } = report;
  const head = [
    `# Figures of ${report.date}, Node ${machine.node}`,
    `\`${report.command}\` on ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}. ` +
      `A fixed loop took ${report.calibrationMs.map((ms) => ms.toFixed(0)).join(', ')} ms of CPU in the course of ` +
      'the run: the figures of one table compare with each other, those of different runs only beside it.',
  ];
  return `${[...head, ...report.suites.map(suiteMarkdown)].join('\n\n')}\n`;
}

function suiteMarkdown(suite: SuiteReport): string {
  const title = `## ${suite.title}`;
  if (suite.notRun !== undefined) return `${title}\n\nNot run: ${suite.notRun}`;
  return [title, table(suite), suite.notes.map((note) => `- ${note}`).join('\n')].join('\n\n');
}

function table({ columns, rows }: SuiteReport): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const isNumber = (column: Column): boolean => rows.some((row) => typeof row[column.key] === 'number');
  return [
    line(columns.map((column) => column.title)),
    line(columns.map((column) => (isNumber(column) ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => cell(row[column.key], column.digits ?? 0)))),
  ].join('\n');
}

function cell(value: string | number | undefined, digits: number): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// What a conformance run prints: the table of suites, then refusals, remarks, what was not read, failures.

import type { ConformanceReport } from './run-suites.ts';
import type { SuiteResult } from './suite.ts';

/** Failures of one suite that are printed; the rest is counted. */
const FAILURES_PRINTED_MAX = 50;

export function formatReport(report: ConformanceReport): string {
  const { folder, suites, unread } = report;
  const sections = [
    [`cases in ${folder}`],
    table(suites),
    section('refused', suites.flatMap(refusalLines)),
    section('to know', suites.flatMap(remarkLines)),
    section(
      'not read',
      unread.map(({ folder: name, files, reason }) => `${name}: ${files} files (${reason})`),
    ),
    section(
      'errors',
      suites.flatMap((suite) => suite.errors.map((error) => `${suite.name}: ${error}`)),
    ),
    section('failed', suites.flatMap(failureLines)),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function table(suites: readonly SuiteResult[]): readonly string[] {
  const rows = [
    ['suite', 'cases', 'passed', 'failed', 'refused'],
    ...suites.map(({ name, read, passed, failed, refused }) => [
      name,
      ...[read, passed, failed, refused].map(String),
    ]),
  ];
  const widths = rows[0]!.map((_title, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function refusalLines({ name, refusals }: SuiteResult): readonly string[] {
  return [...refusals].map(([reason, places]) => `${name}: ${places.length} of them: ${reason}`);
}

function remarkLines({ name, remarks }: SuiteResult): readonly string[] {
  return [...remarks].flatMap(([topic, texts]) => [
    `${name}: ${texts.length} of them: ${topic}`,
    ...texts.map((text) => `  ${text}`),
  ]);
}

function failureLines({ name, failures }: SuiteResult): readonly string[] {
  const lines = failures
    .slice(0, FAILURES_PRINTED_MAX)
    .flatMap(({ at, expected, actual }) => [
      `${name}: ${at}`,
      `  expected ${expected}`,
      `  actual   ${actual}`,
    ]);
  const rest = failures.length - FAILURES_PRINTED_MAX;
  return rest > 0 ? [...lines, `${name}: and ${rest} more`] : lines;
}

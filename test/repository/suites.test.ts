// `make test`'s own summary, and the table of suites in test/README.md.

import { describe, expect, test } from 'vitest';
import suites from '../../scripts/suites.json' with { type: 'json' };
import {
  closingLine,
  countTests,
  formatSuites,
  listUnpassed,
  measureSuites,
} from '../../scripts/test-summary.mjs';
import { readTracked } from './tracked-files.ts';

const passed = (name: string): object => ({ name, state: 'passed' });

const records = [
  {
    errors: [],
    files: [
      {
        file: 'packages/engine/src/a.test.ts',
        startMs: 0,
        endMs: 4000,
        tests: [passed('a'), passed('b')],
        errors: [],
      },
      {
        file: 'test/x.test.ts',
        startMs: 2000,
        endMs: 4000,
        tests: [{ name: 'c', state: 'failed' }],
        errors: [],
      },
    ],
  },
  {
    errors: ['worker died\nstack'],
    files: [
      {
        file: 'test/y.test.ts',
        startMs: 6000,
        endMs: 7000,
        tests: [{ name: 'd', state: 'skipped', note: 'why' }],
        errors: ['no such module'],
      },
      {
        file: 'test/z.test.ts',
        startMs: 6000,
        endMs: 6000,
        tests: [{ name: 'e', state: 'pending' }],
        errors: [],
      },
    ],
  },
];

describe('the summary of a test run', () => {
  test('counts files and runs that broke as failures, and tests without a result too', () => {
    expect(closingLine(countTests(records))).toBe('2 passed, 4 failed, 1 skipped');
  });

  test('names everything that did not pass', () => {
    expect(listUnpassed(records)).toEqual({
      failed: [
        'test/x.test.ts: c',
        'outside of any test: worker died',
        'test/y.test.ts: no such module',
        'test/z.test.ts: e',
      ],
      skipped: ['test/y.test.ts: d (why)'],
    });
  });

  test('divides the clock among the files that run at the same time', () => {
    const two = [
      { name: 'engine', budgetSeconds: 2, paths: ['packages/engine/'] },
      { name: 'rest', budgetSeconds: 90, paths: [''] },
    ];
    const rows = measureSuites(two, records);
    expect(rows).toEqual([
      { name: 'engine', budgetSeconds: 2, seconds: 3, tests: 2 },
      { name: 'rest', budgetSeconds: 90, seconds: 2, tests: 3 },
    ]);
    expect(formatSuites(rows)).toEqual([
      'suite   budget  time                tests',
      'engine  0m 02s  0m 03s OVER BUDGET  2',
      'rest    1m 30s  0m 02s              3',
    ]);
  });
});

test('test/README.md has the budgets of scripts/suites.json', () => {
  const readme = readTracked('test/README.md');
  const documented = [...readme.matchAll(/^\| `([a-z]+)` \| ([\d.]+) \|/gm)].map(([, name, minutes]) => [
    name,
    Number(minutes),
  ]);
  expect(documented).toEqual(suites.map(({ name, budgetSeconds }) => [name, budgetSeconds / 60]));
});

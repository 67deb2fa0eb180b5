// The runner itself: what it counts, what it calls an error, and that no file goes unmentioned.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';
import { CaseReader } from './case-reader.ts';
import { formatReport } from './report.ts';
import { type ConformanceReport, hasFailed, runSuites } from './run-suites.ts';
import { PASSED, type Suite } from './suite.ts';

/** Cases {"is", "reason"?}: their own verdict. */
const OWN_VERDICT: Suite = {
  name: 'own verdict',
  folder: 'own',
  reads: (file) => file.endsWith('.json'),
  *cases(file) {
    for (const item of CaseReader.ofJson(file).items()) {
      yield {
        at: item.at,
        remark: () => ({ topic: 'odd ones', text: item.at }),
        judge: () => {
          switch (item.member('is').text()) {
            case 'passed':
              return PASSED;
            case 'refused':
              return { kind: 'refused', reason: item.member('reason').text() };
            case 'broken':
              throw new TypeError('broke');
            default:
              return { kind: 'failed', expected: 'one', actual: 'two' };
          }
        },
      };
    }
  },
};

function run(files: Readonly<Record<string, string>>): ConformanceReport {
  const folder = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return runSuites([OWN_VERDICT], folder);
}

describe('a conformance run', () => {
  test('counts passed, failed and refused, which add up to the cases read', () => {
    const cases = [{ is: 'passed' }, { is: 'failed' }, { is: 'refused', reason: 'no such thing' }];
    const report = run({ 'own/a.json': JSON.stringify(cases), 'own/b.json': JSON.stringify(cases) });
    expect(report.suites).toMatchObject([{ read: 6, passed: 2, failed: 2, refused: 2, errors: [] }]);
    expect(report.suites[0]!.refusals.get('no such thing')).toEqual(['a.json[2]', 'b.json[2]']);
    expect(hasFailed(report)).toBe(true);
    const printed = formatReport(report);
    expect(printed).toMatch(/^own verdict +6 +2 +2 +2$/m);
    expect(printed).toContain('own verdict: a.json[1]\n    expected one\n    actual   two');
    expect(printed).toContain('own verdict: 6 of them: odd ones');
  });

  test('names file, position and member of a case that cannot be read, and goes on', () => {
    const cases = [{}, { is: 7 }, { is: 'broken' }, { is: 'passed' }];
    const [suite] = run({ 'own/a.json': JSON.stringify(cases) }).suites;
    expect(suite).toMatchObject({ read: 4, passed: 1, failed: 3 });
    expect(suite!.failures.map(({ actual }) => actual)).toEqual([
      'a.json[0].is is absent',
      'a.json[1].is is not a string',
      'an exception: TypeError: broke',
    ]);
  });

  test.each([
    ['has no folder', {}],
    ['has no file that it reads', { 'own/notes.txt': 'text' }],
    ['has an empty file', { 'own/a.json': '[]' }],
  ])('is in error over a suite that %s', (_what, files) => {
    const report = run(files);
    expect(report.suites[0]!.errors).toEqual(['no case could be read from own/']);
    expect(hasFailed(report)).toBe(true);
  });

  test('is in error over a file that cannot be read, beside one that can', () => {
    const report = run({ 'own/a.json': '[', 'own/b.json': '[{"is":"passed"}]', 'own/c.json': '{}' });
    expect(report.suites[0]).toMatchObject({ read: 1, passed: 1 });
    expect(report.suites[0]!.errors).toEqual([
      expect.stringMatching(/^a\.json: not JSON/),
      'c.json is not a list',
    ]);
    expect(hasFailed(report)).toBe(true);
  });

  test('passes when something passed and nothing failed, and mentions the files that no suite reads', () => {
    const report = run({
      'own/a.json': '[{"is":"passed"}]',
      'own/more/notes.txt': '',
      'own/README.md': '',
      'unleash/specifications/01.json': '{}',
    });
    expect(hasFailed(report)).toBe(false);
    expect(report.unread).toEqual([
      { folder: 'own', files: 1, reason: 'no suite reads it' },
      { folder: 'unleash', files: 1, reason: 'comes with its importer' },
    ]);
  });
});

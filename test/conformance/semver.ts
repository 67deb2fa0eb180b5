// npm's semver fixtures against our version operators. Operators show no components, so a valid version is
// checked by its place among others; build metadata cannot be seen in an order that ignores it.

import type { JsonValue } from '@flagstream/engine';
import { CaseReader } from './case-reader.ts';
import { compareJson } from './json-comparison.ts';
import { type ConformanceCase, PASSED, type Suite, type Verdict } from './suite.ts';
import type { SuiteFile } from './suite-folder.ts';
import { versionRelation } from './version-relation.ts';

const RANGES: Verdict = { kind: 'refused', reason: 'npm ranges are no operator of ours' };

type Judge = (row: CaseReader) => Verdict;

const GROUPS: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['comparisons', (row) => related(row.item(0).text(), 'greater', row.item(1).text())],
  ['equality', (row) => related(row.item(0).text(), 'equal', row.item(1).text())],
  ['valid-versions', judgeValid],
  ['invalid-versions', (row) => judgeInvalid(row.item(0).json())],
  ['range-include', judgeRange],
  ['range-exclude', judgeRange],
]);

const MIRRORED = { greater: 'less', less: 'greater', equal: 'equal' } as const;

export const SEMVER: Suite = {
  name: 'semver',
  folder: 'semver',
  reads: (file) => file === 'node-semver-fixtures.json',
  *cases(file: SuiteFile): Generator<ConformanceCase> {
    for (const [group, rows] of CaseReader.ofJson(file).members()) {
      const judge = GROUPS.get(group) ?? unknownGroup;
      for (const row of rows.items()) yield { at: row.at, judge: () => judge(row) };
    }
  },
};

/** Both ways round: each text once as the attribute and once as the operand. */
function related(left: string, relation: keyof typeof MIRRORED, right: string): Verdict {
  return compareJson(
    { left, right, forwards: relation, backwards: MIRRORED[relation] },
    { left, right, forwards: versionRelation(left, right), backwards: versionRelation(right, left) },
  );
}

function judgeValid(row: CaseReader): Verdict {
  const version = row.item(0).text();
  const [major, minor, patch] = [row.item(1).number(), row.item(2).number(), row.item(3).number()];
  const parts = row
    .item(4)
    .items()
    .map((part) => String(part.json()));
  const release = `${major}.${minor}.${patch}`;
  const verdicts =
    parts.length === 0
      ? [related(version, 'equal', release), related(version, 'greater', `${release}-0`)]
      : [related(version, 'equal', `${release}-${parts.join('.')}`), related(version, 'less', release)];
  return verdicts.find((verdict) => verdict.kind !== 'passed') ?? PASSED;
}

function judgeInvalid(text: JsonValue): Verdict {
  return compareJson(
    { text, asAttribute: 'none', asOperand: 'operand refused' },
    { text, asAttribute: versionRelation(text, '1.0.0'), asOperand: versionRelation('1.0.0', text) },
  );
}

function judgeRange(row: CaseReader): Verdict {
  // Both are there; the fixtures hold versions that are no text as well.
  row.item(0).json();
  row.item(1).json();
  return RANGES;
}

function unknownGroup(row: CaseReader): Verdict {
  return { kind: 'failed', expected: 'a group that this runner knows', actual: row.at };
}

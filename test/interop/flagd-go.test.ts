// flagd's own evaluator, in Go, against our importer and engine: the same documents, contexts and resolvers
// give the same outcomes. The time is that which the evaluator saw.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { CaseReader } from '../conformance/case-reader.ts';
import { questionOf } from '../conformance/flagd-outcomes.ts';
import { answerAsFlagd } from '../conformance/flagd-resolver.ts';
import { sameJson } from '../conformance/json-comparison.ts';
import { conformanceFolder } from '../conformance/suite-folder.ts';
import { requiresFolder } from '../support/requires-folder.ts';
import { flagdCases } from './flagd-cases/cases.ts';
import { outcomeOf, shownDifference, type Verdict, verdictOf } from './flagd-cases/verdict.ts';
import { askFlagdGo, describeFlagdGo, type FlagdCase, type FlagdGoAnswer } from './support/flagd-go.ts';

/** Others are for hunting: a seed that found something belongs into a test of the operator. */
const SEED = Number(process.env['FLAGSTREAM_FLAGD_SEED'] || 1);
const CASES = Number(process.env['FLAGSTREAM_FLAGD_CASES'] || 2_000);
/** Differences told, the smallest cases first. */
const TOLD = 5;
/** Least share of cases without any difference: the chosen ones must stay rare. */
const SAME_LEAST = 0.95;
const TIMEOUT_MS = 300_000;

interface Comparison {
  readonly answers: readonly FlagdGoAnswer[];
  readonly counts: ReadonlyMap<Verdict, number>;
  readonly differences: readonly string[];
}

function compare(cases: readonly FlagdCase[]): Comparison {
  const answers = askFlagdGo(cases);
  expect(answers.map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
  const counts = new Map<Verdict, number>();
  const differences: string[] = [];
  for (const [index, each] of cases.entries()) {
    const theirs = answers[index]!;
    const ours = answerAsFlagd({ ...each, nowMs: theirs.unixSeconds * 1_000 });
    const verdict = verdictOf(theirs, ours);
    counts.set(verdict, 1 + (counts.get(verdict) ?? 0));
    if (verdict === 'different')
      differences.push(`${JSON.stringify(each)}\n${shownDifference(theirs, ours)}`);
  }
  differences.sort((a, b) => a.length - b.length);
  return { answers, counts, differences };
}

describeFlagdGo("flagd's own evaluator", () => {
  test(
    `answers ${CASES} generated cases of the seed ${SEED} as we do`,
    () => {
      const { counts, differences } = compare(flagdCases(SEED, CASES));
      expect(differences.slice(0, TOLD)).toEqual([]);
      expect(counts.get('same')).toBeGreaterThan(SAME_LEAST * CASES);
    },
    TIMEOUT_MS,
  );

  const folder = path.join(conformanceFolder(), 'flagd');
  requiresFolder(folder).test('answers the conformance cases as they say, and as we do', () => {
    const name = 'evaluation-outcomes.json';
    const text = (): string => readFileSync(path.join(folder, name), 'utf8');
    const rows = CaseReader.ofJson({ name, text }).member('cases').items();
    const { answers, differences } = compare(
      rows.map((row) => {
        const { document, nowMs: _none, ...question } = questionOf(row);
        return { id: row.at, document: JSON.stringify(document), ...question };
      }),
    );
    expect(differences).toEqual([]);
    const others = rows.filter(
      (row, index) => !sameJson(outcomeOf(answers[index]!), row.member('go').json()),
    );
    expect(others.map(({ at }) => at)).toEqual([]);
  });
});

// JSONLogic's compatible core against the expressions of the engine, which mean what they mean to flagd.

import { applyJsonLogic } from '@flagstream/engine';
import { CaseReader } from './case-reader.ts';
import { compareJson } from './json-comparison.ts';
import type { ConformanceCase, Suite, Verdict } from './suite.ts';
import type { SuiteFile } from './suite-folder.ts';

export const JSON_LOGIC: Suite = {
  name: 'jsonlogic',
  folder: 'jsonlogic',
  reads: (file) => file === 'compatible.json',
  *cases(file: SuiteFile): Generator<ConformanceCase> {
    for (const row of CaseReader.ofJson(file).items())
      if (!row.isText) yield { at: row.at, judge: () => judge(row) };
  },
};

function judge(row: CaseReader): Verdict {
  const data = row.member('data');
  const outcome = applyJsonLogic(row.member('rule').json(), data.present ? data.json() : null);
  if (outcome.kind === 'refused')
    return { kind: 'refused', reason: outcome.problems.map((problem) => problem.message).join(' ') };
  return compareJson(row.member('result').json(), outcome.kind === 'value' ? outcome.value : outcome);
}

// Outcomes of flagd's typed resolvers. The measure is the "go" outcome, what a flagd server answers; where the
// Node client differs, the case says so.

import type { JsonObject } from '@flagstream/engine';
import { CaseReader } from './case-reader.ts';
import { answerAsFlagd, type FlagdQuestion, RESOLVER_TYPES } from './flagd-resolver.ts';
import { canonicalText, compareJson, sameJson } from './json-comparison.ts';
import type { ConformanceCase, Remark, Suite, Verdict } from './suite.ts';
import { type SuiteFile, UnreadableError } from './suite-folder.ts';

const REJECTED: JsonObject = { configurationRejected: true };
/** Of the cases no flag knows the time. */
const NOW_MS = 0;

export const FLAGD_OUTCOMES: Suite = {
  name: 'flagd outcomes',
  folder: 'flagd',
  reads: (file) => file === 'evaluation-outcomes.json',
  *cases(file: SuiteFile): Generator<ConformanceCase> {
    for (const row of CaseReader.ofJson(file).member('cases').items())
      yield { at: row.at, judge: () => judge(row), remark: () => remarkOn(row) };
  },
};

function judge(row: CaseReader): Verdict {
  const expected = row.member('go').object();
  const answer = answerAsFlagd(questionOf(row));
  switch (answer.kind) {
    case 'outcome':
      return compareJson(expected, answer.outcome);
    case 'rejected':
      return compareJson(expected, REJECTED);
    case 'refused':
      return { kind: 'refused', reason: answer.reason };
  }
}

export function questionOf(row: CaseReader): FlagdQuestion {
  return {
    document: documentOf(row),
    flagKey: row.member('flagKey').text(),
    context: row.member('context').object(),
    type: typeOf(row),
    nowMs: NOW_MS,
  };
}

function documentOf(row: CaseReader): JsonObject {
  const evaluators = row.member('evaluators');
  return {
    flags: { [row.member('flagKey').text()]: row.member('flag').json() },
    ...(evaluators.present && { $evaluators: evaluators.json() }),
  };
}

function typeOf(row: CaseReader): string {
  const type = row.member('type');
  if (RESOLVER_TYPES.includes(type.text())) return type.text();
  throw new UnreadableError(`${type.at} is none of ${RESOLVER_TYPES.join(', ')}`);
}

function remarkOn(row: CaseReader): Remark | undefined {
  const [server, node] = [row.member('go'), row.member('js')];
  if (!server.present || !node.present || sameJson(server.json(), node.json())) return undefined;
  return {
    topic: 'the two reference implementations differ; the flagd server is followed',
    text: `${row.at}, ${written(row.member('flag'))}: server ${canonicalText(server.json())}, Node ${canonicalText(node.json())}`,
  };
}

/** What decides in the flag: its rule, else its variants. */
function written(flag: CaseReader): string {
  const targeting = flag.member('targeting');
  return canonicalText(targeting.present ? targeting.json() : flag.member('variants').json());
}

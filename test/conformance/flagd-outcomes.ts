// Outcomes of flagd's typed resolvers: the case's flag goes through the flagd importer and the engine. The
// measure is the "go" outcome, what a flagd server answers; where the Node client differs, the case says so.

import { compileSet, type Evaluation, type JsonObject, type JsonValue } from '@flagstream/engine';
import { IMPORTERS, type ImportResult } from '@flagstream/importers';
import { CaseReader } from './case-reader.ts';
import { canonicalText, compareJson, sameJson } from './json-comparison.ts';
import type { ConformanceCase, Remark, Suite, Verdict } from './suite.ts';
import { type SuiteFile, UnreadableError } from './suite-folder.ts';

/** Whether a value is of the type that a resolver answers. A list is no object to flagd. */
const RESOLVERS: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ['boolean', (value) => typeof value === 'boolean'],
  ['string', (value) => typeof value === 'string'],
  ['number', (value) => typeof value === 'number'],
  ['object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
]);
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
  const imported = importCase(row);
  if (imported.outcome === 'rejected') return compareJson(expected, REJECTED);
  const [refusal] = imported.report.refused;
  if (refusal !== undefined)
    return { kind: 'refused', reason: `${refusal.path}, ${refusal.construct}: ${refusal.reason}` };
  const { set, problems } = compileSet(imported.flags, imported.segments);
  const [problem] = problems;
  if (problem !== undefined)
    return { kind: 'refused', reason: `${problem.path}, ${problem.code}: ${problem.message}` };
  const answer = set.evaluate(row.member('flagKey').text(), row.member('context').object(), NOW_MS);
  return compareJson(expected, resolved(answer, row.member('type')));
}

function importCase(row: CaseReader): ImportResult {
  const evaluators = row.member('evaluators');
  const importFlagd = IMPORTERS.get('flagd')!;
  return importFlagd({
    flags: { [row.member('flagKey').text()]: row.member('flag').json() },
    ...(evaluators.present && { $evaluators: evaluators.json() }),
  });
}

/** What the typed resolver answers: a value of another type is an error. */
function resolved({ value, variant, reason, errorCode }: Evaluation, type: CaseReader): JsonObject {
  const isOfType = RESOLVERS.get(type.text());
  if (isOfType === undefined)
    throw new UnreadableError(`${type.at} is none of ${[...RESOLVERS.keys()].join(', ')}`);
  if (errorCode !== undefined) return { reason, errorCode };
  if (value === undefined || variant === undefined) return { reason };
  return isOfType(value) ? { value, variant, reason } : { reason: 'ERROR', errorCode: 'TYPE_MISMATCH' };
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

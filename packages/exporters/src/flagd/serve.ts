/**
 * What a rule or the fallthrough serves, as steps. Whoever is not held goes on to the next rule.
 */
import {
  completeGate,
  gatePrefixes,
  resolveWeights,
  type ServeDefinition,
  type SplitDefinition,
  type SplitEntryDefinition,
} from '@flagstream/engine';
import type { Answers } from './answers.ts';
import { and, branches, differs, type Logic, not } from './expression.ts';
import { foreignLogic } from './foreign-logic.ts';
import { type GateLogic, gateLogic, matchLogic, type Span, spanOf } from './gate.ts';
import { type Answer, isInside, type Outcome, onlyWhere, type Step } from './program.ts';

export interface ServeSite {
  readonly flagKey: string;
  readonly answers: Answers;
  readonly dialect: string | undefined;
}

/** @throws Withheld */
export function serveSteps(serve: ServeDefinition, site: ServeSite): readonly Step[] {
  const { answers } = site;
  const override = serve.enabledOverride;
  if (serve.ending === 'ENDING_ERROR') return [always(answers.error())];
  if (serve.ending !== undefined) return [always(answers.known(undefined, override))];
  if (serve.split !== undefined) return splitSteps(serve, serve.split, site);
  if (serve.jsonLogic !== undefined) {
    const logic = foreignLogic(serve.jsonLogic, site.dialect);
    return [
      { when: differs(logic, null), outcome: { kind: 'computed', logic } },
      ...missSteps(missOf(serve, undefined, answers)),
    ];
  }
  return [always(answers.known(serve.variant, override))];
}

const always = (outcome: Outcome): Step => ({ when: true, outcome });

const missSteps = (miss: Answer | undefined): readonly Step[] => (miss === undefined ? [] : [always(miss)]);

/** Undefined: the next rule. */
function missOf(
  { onMiss, missVariant, enabledOverride }: ServeDefinition,
  last: SplitEntryDefinition | undefined,
  answers: Answers,
): Answer | undefined {
  switch (onMiss) {
    case 'MISS_POLICY_VARIANT':
      return answers.known(missVariant, enabledOverride);
    case 'MISS_POLICY_LAST_ENTRY':
      return last && answers.known(last.variant, enabledOverride);
    case 'MISS_POLICY_CODE_DEFAULT':
      return answers.known(undefined, enabledOverride);
    case 'MISS_POLICY_ERROR':
      return answers.error();
    default:
      return undefined;
  }
}

function splitSteps(
  serve: ServeDefinition,
  definition: SplitDefinition,
  { flagKey, answers }: ServeSite,
): readonly Step[] {
  const prefixes = gatePrefixes(flagKey);
  const { split } = resolveWeights({ ...definition, gate: completeGate(definition.gate, prefixes.split) });
  const entries = split.entries ?? [];
  const traffic = and(...(split.traffic ?? []).map((match) => matchLogic(match, prefixes.traffic)));
  const miss = missOf(serve, entries.at(-1), answers);
  const answerOf = (entry: SplitEntryDefinition): Answer =>
    answers.known(entry.variant, serve.enabledOverride);
  const gate = entries.some((entry) => !entry.alsoAlone) ? gateLogic(split.gate ?? {}) : undefined;
  const withFurtherGates = entries.some((entry) => entry.also?.length);
  const held =
    gate === undefined || withFurtherGates
      ? entries.map((entry) => ({
          when: and(
            entry.alsoAlone || gate === undefined ? true : isHeldBy(entry, gate),
            ...(entry.also ?? []).map((match) => matchLogic(match, prefixes.also)),
          ),
          outcome: answerOf(entry),
        }))
      : dividedSteps(gate, entries, miss, answerOf);
  const failing: readonly Step[] =
    gate?.withoutSubject === 'error' ? [{ when: not(gate.present), outcome: answers.error() }] : [];
  return [...onlyWhere(traffic, [...failing, ...held]), ...missSteps(miss)];
}

function spansOf(entry: SplitEntryDefinition, gate: GateLogic): readonly Span[] {
  return (entry.ranges ?? []).map((range) => spanOf(range, gate));
}

/** Places from the first to the last, each with the first entry that holds it. */
function owners(
  entries: readonly SplitEntryDefinition[],
  gate: GateLogic,
): readonly { readonly owner: SplitEntryDefinition | undefined; readonly width: number }[] {
  const spans = entries.map((entry) => spansOf(entry, gate));
  const ends = [0, gate.places, ...spans.flat().flatMap(({ from, to }) => [from, to])].sort((a, b) => a - b);
  return ends.slice(1).flatMap((end, index) => {
    const start = ends[index]!;
    if (start === end) return [];
    const owner = spans.findIndex((own) => own.some(({ from, to }) => from <= start && end <= to));
    return [{ owner: owner < 0 ? undefined : entries[owner], width: end - start }];
  });
}

/** One entry alone, as further gates may refuse those whom it holds. */
function isHeldBy(entry: SplitEntryDefinition, gate: GateLogic): Logic {
  const placed = isInside(
    gate.bucketBy,
    owners([entry], gate).map(({ owner, width }) => ({ inside: owner !== undefined, width })),
  );
  if (gate.withoutSubject !== 'first') return and(gate.present, placed);
  return branches([[gate.present, placed]], holdsFirst(entry, gate));
}

const holdsFirst = (entry: SplitEntryDefinition, gate: GateLogic): boolean =>
  spansOf(entry, gate).some(({ from, to }) => from === 0 && to > 0);

function dividedSteps(
  gate: GateLogic,
  entries: readonly SplitEntryDefinition[],
  miss: Answer | undefined,
  answerOf: (entry: SplitEntryDefinition) => Answer,
): readonly Step[] {
  const places = owners(entries, gate);
  const held = places.some(({ owner }) => owner !== undefined);
  // A fractional names a variant for each place: what has none is left to the step behind it.
  const fills = miss !== undefined && miss.variant !== undefined && !miss.isError ? miss : undefined;
  const hasGaps = places.some(({ owner }) => owner === undefined);
  const when =
    hasGaps && fills === undefined
      ? isInside(
          gate.bucketBy,
          places.map(({ owner, width }) => ({ inside: owner !== undefined, width })),
        )
      : true;
  const filler =
    fills ?? (held ? answerOf(places.find(({ owner }) => owner !== undefined)!.owner!) : undefined);
  if (filler === undefined) return [];
  const shares = places.map(({ owner, width }) => ({
    answer: owner === undefined ? filler : answerOf(owner),
    width,
  }));
  const divided: Step = {
    when: and(gate.present, when),
    outcome: shares.length === 1 ? shares[0]!.answer : { kind: 'division', bucketBy: gate.bucketBy, shares },
  };
  if (gate.withoutSubject !== 'first') return [divided];
  const first = entries.find((entry) => holdsFirst(entry, gate));
  if (first === undefined) return [divided];
  return [divided, { when: not(gate.present), outcome: answerOf(first) }];
}

// What the engine answers for one case of the vectors, by the form of its file, beside what it should answer.
// How a case reads stands in vectors/README.md.

import {
  applyJsonLogic,
  type ConditionDefinition,
  compileSet,
  type Evaluation,
  type FlagConfigDefinition,
  type GateMatchDefinition,
  type JsonObject,
  type JsonValue,
  murmur3x86,
  type Problem,
  parseInstant,
  resolveWeights,
  type SegmentUnit,
  type SplitDefinition,
} from '@flagstream/engine';
import { multiplyShift } from '../../packages/engine/src/hash/multiply-shift.ts';
import { nativeText } from '../../packages/engine/src/hash/native-text.ts';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from '../../packages/engine/src/hash/utf8.ts';
import type { Units, VectorCase, VectorFile } from './vector-file.ts';

export interface Comparison {
  readonly expected: unknown;
  readonly actual: unknown;
}

type Form = (entry: VectorCase, file: VectorFile) => Comparison;

const DEFAULT_NOW = '2026-01-01T00:00:00Z';
/** Of a gate that names no number of them. */
const DEFAULT_BUCKETS = 100_000;
const YES_OR_NO = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'yes', value: true },
    { key: 'no', value: false },
  ],
} as const;

export const FORMS: Readonly<Record<string, Form>> = {
  conditions: (entry, file) => {
    const compare = entry['compare'] as ConditionDefinition['compare'];
    const condition = compare === undefined ? (entry['condition'] as ConditionDefinition) : { compare };
    const rule = { id: 'rule', condition, serve: { variant: 'yes' } };
    return { expected: entry['expect'], actual: decide({ rules: [rule] }, 'case', entry, file.segments) };
  },
  evaluations: (entry, file) => ({
    expected: entry['expect'],
    actual: evaluate(file.sets![entry['set'] as string]!, entry['flag'] as string, entry),
  }),
  hashes: (entry) => {
    const text = entry['text'] as string;
    const bytes = new Uint8Array(text.length * UTF8_BYTES_PER_UNIT);
    const encoded = bytes.subarray(0, encodeUtf8(text, bytes, 0));
    return {
      expected: [entry['utf8'], entry['hash']],
      actual: [Buffer.from(encoded).toString('hex'), murmur3x86(encoded, entry['seed'] as number)],
    };
  },
  numbers: (entry) => ({
    expected: entry['number'],
    actual: multiplyShift(entry['hash'] as number, entry['buckets'] as number),
  }),
  texts: (entry) => ({
    expected: entry['text'],
    actual: nativeText(entry['value'] as JsonObject) ?? null,
  }),
  instants: (entry) => ({
    expected: entry['ms'],
    actual: parseInstant(entry['text'] as string) ?? null,
  }),
  gates: compareGate,
  weights: compareWeights,
  jsonLogic: compareExpression,
  refusals: (entry) => ({
    expected: entry['expect'],
    actual: withoutMessages(compileUnits(entry as Units).problems),
  }),
};

const compiled = new WeakMap<Units, ReturnType<typeof compileSet>>();

/** The units' set, made once for all cases that share them. */
function compileUnits(units: Units): ReturnType<typeof compileSet> {
  const known = compiled.get(units) ?? compileSet(units.flags ?? [], units.segments ?? []);
  compiled.set(units, known);
  return known;
}

function withoutMessages(problems: readonly Problem[]): object[] {
  return problems.map(({ entity, key, code, path }) => ({ entity, key, code, path }));
}

/** The answer without what vectors do not compare: the flag's key, messages, and a kind that is not asked for. */
function evaluate(units: Units, flagKey: string, entry: VectorCase): object {
  const { set } = compileUnits(units);
  const answer = set.evaluate(flagKey, entry['context'] as JsonObject, nowMs(entry));
  const { flagKey: _key, errorMessage: _message, kind, ...compared } = answer;
  return 'kind' in (entry['expect'] as object) ? { ...compared, kind } : compared;
}

function nowMs(entry: VectorCase): number {
  return parseInstant((entry['now'] as string | undefined) ?? DEFAULT_NOW)!;
}

/** What a flag with this configuration, "no" for everybody else, answers: its value or its error. */
function decide(
  config: FlagConfigDefinition,
  key: string,
  entry: VectorCase,
  segments: readonly SegmentUnit[] = [],
): unknown {
  const whole = { enabled: true, fallthrough: { variant: 'no' }, ...config };
  const { set, problems } = compileSet([{ key, flag: YES_OR_NO, config: whole }], segments);
  if (problems.length > 0) return withoutMessages(problems);
  return valueOrError(set.evaluate(key, entry['context'] as JsonObject, nowMs(entry)));
}

function valueOrError({ errorCode, value }: Evaluation): unknown {
  return errorCode === undefined ? value : { errorCode };
}

/** The subject's number is that of the one range of width 1 that holds it; without a number none does. */
function compareGate(entry: VectorCase): Comparison {
  const gate = (entry['gate'] ?? {}) as NonNullable<GateMatchDefinition['gate']>;
  const group = entry['group'] as string | undefined;
  const number = entry['number'];
  const end = (gate.offset ?? 0) + (gate.buckets || DEFAULT_BUCKETS);
  const ranges =
    typeof number === 'number'
      ? [
          [number, number + 1],
          [0, number],
          [number + 1, end],
        ]
      : [[0, end]];
  const actual = ranges.map(([from, to]) =>
    decide(
      configOfRole(entry['role'] as string, {
        gate,
        ...(group !== undefined && { group }),
        ranges: [{ from: from!, to: to! }],
      }),
      entry['key'] as string,
      entry,
    ),
  );
  const expected = typeof number === 'number' ? [true, false, false] : [number ?? false];
  return { expected, actual };
}

/** Serves "yes" when the match holds, in its place. */
function configOfRole(role: string, match: GateMatchDefinition): FlagConfigDefinition {
  const everybody = { prefix: 'x', missing: 'GATE_MISSING_POLICY_ZERO' } as const;
  const whole = [{ from: 0, to: DEFAULT_BUCKETS }];
  const ofSplit = (split: SplitDefinition): FlagConfigDefinition => ({
    rules: [{ id: 'rule', serve: { split } }],
  });
  switch (role) {
    case 'condition':
      return { rules: [{ id: 'rule', condition: { gate: match }, serve: { variant: 'yes' } }] };
    case 'split':
      return ofSplit({ gate: match.gate!, entries: [{ variant: 'yes', ranges: match.ranges! }] });
    case 'traffic':
      return ofSplit({ gate: everybody, entries: [{ variant: 'yes', ranges: whole }], traffic: [match] });
    case 'also':
      return ofSplit({ entries: [{ variant: 'yes', alsoAlone: true, also: [match] }] });
    case 'holdout':
      return { holdouts: [{ id: 'rule', subjects: match, variant: 'yes' }] };
    default:
      throw new Error(`"${role}" is no role of a gate.`);
  }
}

function compareWeights(entry: VectorCase): Comparison {
  const expect = entry['expect'] as { readonly entries?: unknown; readonly problems?: unknown };
  const { split, problems } = resolveWeights(entry['split'] as SplitDefinition);
  if (problems.length > 0) {
    return { expected: expect.problems, actual: problems.map(({ path, code }) => [path, code]) };
  }
  const actual = (split.entries ?? []).map(({ weight = 0, ranges = [] }) => ({
    weight,
    ranges: ranges.map(({ from = 0, to = 0 }) => [from, to]),
  }));
  return { expected: expect.entries, actual };
}

function compareExpression(entry: VectorCase): Comparison {
  const flagKey = entry['flag'] as string | undefined;
  const outcome = applyJsonLogic(entry['expression'] as JsonValue, entry['context'] as JsonValue, {
    dialect: (entry['dialect'] as string | undefined) ?? '',
    ...(flagKey !== undefined && { flagKey }),
    nowMs: nowMs(entry),
  });
  const actual = outcome.kind === 'error' ? { error: outcome.code } : outcome;
  return { expected: entry['expect'], actual: 'value' in actual ? { value: actual.value } : actual };
}

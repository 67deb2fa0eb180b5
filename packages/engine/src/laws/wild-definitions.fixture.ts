/**
 * Anything that the model's shape allows, mostly wrong: unknown names, numbers
 * out of bounds, fields that exclude each other, references to nothing and in
 * circles.
 */
import fc from 'fast-check';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import { SWITCH } from '../definitions.fixture.ts';
import type {
  ComparisonDefinition,
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  GateDefinition,
  GateMatchDefinition,
  JsonValue,
  PrerequisiteDefinition,
  RampDefinition,
  RangeDefinition,
  RuleDefinition,
  SegmentDefinition,
  ServeDefinition,
  SplitDefinition,
  SplitEntryDefinition,
} from '../model.ts';
import { DIALECTS } from '../operators/dialects.ts';
import { wildExpressions } from './expressions.fixture.ts';
import {
  ATTRIBUTES,
  BAD_ATTRIBUTES,
  CONTEXT_KINDS,
  FLAG_KEYS,
  partial,
  SEGMENT_KEYS,
  scalars,
  texts,
  VARIANT_KEYS,
} from './vocabulary.fixture.ts';

/** The words of an enum, and sometimes one that this engine does not know. */
function word<Word extends string>(...words: Word[]): fc.Arbitrary<Word> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...words), weight: 9 },
    { arbitrary: fc.constant('FROM_A_NEWER_RELEASE' as Word), weight: 1 },
  );
}

const variants = fc.constantFrom(...VARIANT_KEYS, 'absent', '');
const attributes = fc.constantFrom(...ATTRIBUTES, ...BAD_ATTRIBUTES);
const contextKinds = fc.constantFrom('', ...CONTEXT_KINDS, 'multi', 'constructor');
const flagKeys = fc.constantFrom(...FLAG_KEYS, 'nowhere', '');

const comparisons = partial<ComparisonDefinition>({
  attribute: attributes,
  operator: fc.constantFrom(...(DIALECTS.get('')?.keys() ?? []), 'unknown'),
  values: fc.array(scalars, { maxLength: 3 }),
  negate: fc.boolean(),
  missing: word('MISSING_POLICY_NO_MATCH', 'MISSING_POLICY_NEGATE', 'MISSING_POLICY_UNKNOWN'),
  ignoreCase: fc.boolean(),
  dialect: fc.constantFrom('', 'other'),
  salts: fc.array(texts, { maxLength: 1 }),
  contextKind: contextKinds,
});

const bounds = fc.oneof(fc.integer({ min: -1, max: 100_001 }), fc.constantFrom(0.5, 99_999.999, Number.NaN));
const ranges = fc.array(partial<RangeDefinition>({ from: bounds, to: bounds }), { maxLength: 3 });

const gates = partial<GateDefinition>({
  attributes: fc.array(attributes, { maxLength: 2 }),
  prefix: texts,
  suffix: texts,
  hash: fc.constantFrom('', 'murmur3-x86-32', 'md5'),
  seed: fc.integer({ min: -1, max: 5 }),
  encoding: fc.constantFrom('', 'utf8', 'utf16'),
  normalizer: fc.constantFrom('', 'multiply-shift', 'remainder'),
  buckets: fc.constantFrom(0, 1, 100, 100_000, 2 ** 32 - 1, 1.5),
  offset: fc.constantFrom(0, 1),
  upperClosed: fc.boolean(),
  zeroIsNobody: fc.boolean(),
  fullIsClosed: fc.boolean(),
  missing: word(
    'GATE_MISSING_POLICY_NO_MATCH',
    'GATE_MISSING_POLICY_ZERO',
    'GATE_MISSING_POLICY_TEXT',
    'GATE_MISSING_POLICY_ERROR',
    'GATE_MISSING_POLICY_RANDOM',
  ),
  missingText: texts,
  stringify: fc.constantFrom('', 'other'),
  contextKind: contextKinds,
  combine: word('GATE_COMBINE_FIRST_PRESENT', 'GATE_COMBINE_JOIN_PRESENT'),
  separator: texts,
});

const ramps = partial<RampDefinition>({
  steps: fc.array(partial({ time: texts, to: bounds }), { maxLength: 3 }),
  curve: word('RAMP_CURVE_LINEAR', 'RAMP_CURVE_STEPPED'),
});

const gateMatches = partial<GateMatchDefinition>({
  gate: gates,
  ranges,
  group: fc.constantFrom('', 'exclusive', 'g'.repeat(129)),
  ramp: ramps,
});

const { condition: conditions, prerequisite: prerequisites } = fc.letrec<{
  condition: ConditionDefinition;
  prerequisite: PrerequisiteDefinition;
}>((tie) => ({
  prerequisite: partial<PrerequisiteDefinition>({
    flag: flagKeys,
    variants: fc.array(variants, { maxLength: 2 }),
    onFailure: word(
      'PREREQUISITE_OUTCOME_OFF_VARIANT',
      'PREREQUISITE_OUTCOME_NEXT_RULE',
      'PREREQUISITE_OUTCOME_CODE_DEFAULT',
      'PREREQUISITE_OUTCOME_ERROR',
      'PREREQUISITE_OUTCOME_VARIANT',
    ),
    state: word('PREREQUISITE_STATE_ON', 'PREREQUISITE_STATE_OFF', 'PREREQUISITE_STATE_ANY'),
    value: tie('condition'),
    missingFlag: word('MISSING_FLAG_POLICY_FAIL', 'MISSING_FLAG_POLICY_ERROR'),
    failureVariant: variants,
  }),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ compare: comparisons }),
    fc.record(
      {
        segment: fc.constantFrom(...SEGMENT_KEYS, 'nowhere', ''),
        missingSegment: word('MISSING_SEGMENT_POLICY_NO_MATCH', 'MISSING_SEGMENT_POLICY_ERROR'),
      },
      { requiredKeys: ['segment'] },
    ),
    fc.record({ prerequisite: tie('prerequisite') }),
    fc.record({ gate: gateMatches }),
    fc.record({ all: fc.record({ conditions: fc.array(tie('condition'), { maxLength: 3 }) }) }),
    fc.record({ any: fc.record({ conditions: fc.array(tie('condition'), { maxLength: 3 }) }) }),
    fc.record({ not: tie('condition') }),
    fc.constant({}),
    fc.record({ jsonLogic: wildExpressions }),
    fc.record({ compare: comparisons, jsonLogic: wildExpressions }),
  ),
})) as { condition: fc.Arbitrary<ConditionDefinition>; prerequisite: fc.Arbitrary<PrerequisiteDefinition> };

const serves = partial<ServeDefinition>({
  variant: variants,
  split: partial<SplitDefinition>({
    gate: gates,
    entries: fc.array(
      partial<SplitEntryDefinition>({
        variant: variants,
        weight: fc.constantFrom(0, 25_000, 50_000, 100_000, 1.5),
        ranges,
        also: fc.array(gateMatches, { maxLength: 1 }),
        alsoAlone: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    traffic: fc.array(gateMatches, { maxLength: 1 }),
    sticky: fc.constant({ attribute: 'country' }),
  }),
  jsonLogic: wildExpressions as fc.Arbitrary<NonNullable<JsonValue>>,
  ending: word('ENDING_CODE_DEFAULT', 'ENDING_ERROR'),
  onMiss: word(
    'MISS_POLICY_NEXT_RULE',
    'MISS_POLICY_VARIANT',
    'MISS_POLICY_LAST_ENTRY',
    'MISS_POLICY_CODE_DEFAULT',
    'MISS_POLICY_ERROR',
  ),
  missVariant: variants,
  enabledOverride: word('ENABLED_OVERRIDE_ON', 'ENABLED_OVERRIDE_OFF'),
});

const rules = partial<RuleDefinition>({
  id: fc.constantFrom('r1', 'r2', ''),
  condition: conditions,
  serve: serves,
  prerequisites: fc.array(prerequisites, { maxLength: 1 }),
  window: partial({ start: texts, end: texts, endInclusive: fc.boolean() }),
});

const configs = partial<FlagConfigDefinition>({
  enabled: fc.boolean(),
  offVariant: variants,
  prerequisites: fc.array(prerequisites, { maxLength: 1 }),
  targets: fc.array(
    partial({
      variant: variants,
      attribute: attributes,
      values: fc.array(texts, { maxLength: 3 }),
      contextKind: contextKinds,
    }),
    { maxLength: 2 },
  ),
  rules: fc.array(rules, { maxLength: 3 }),
  fallthrough: serves,
  holdouts: fc.array(partial({ id: fc.constantFrom('h', 'r1'), subjects: gateMatches, variant: variants }), {
    maxLength: 1,
  }),
  prerequisitesBeforeSwitch: fc.boolean(),
  jsonLogicDialect: fc.constantFrom('', 'flagd', 'flagd-fractional-v1', 'flagd-fractional-v3', 'other'),
});

const flags = partial<FlagDefinition>({
  kind: word('FLAG_KIND_STRING', 'FLAG_KIND_NUMBER', 'FLAG_KIND_OBJECT', 'FLAG_KIND_ANY'),
  variants: fc.array(
    fc.record(
      {
        key: fc.constantFrom('on', 'off', '', '__proto__'),
        value: fc.jsonValue() as fc.Arbitrary<JsonValue>,
        enabledOverride: word('ENABLED_OVERRIDE_ON', 'ENABLED_OVERRIDE_OFF'),
      },
      { requiredKeys: ['key'] },
    ),
    { maxLength: 3 },
  ),
  offVariant: variants,
  clientVisible: fc.boolean(),
  archiveTime: fc.constantFrom('', '2026-01-01T00:00:00Z'),
});

export const wildFlags: fc.Arbitrary<FlagUnit> = fc.record(
  {
    key: fc.constantFrom(...FLAG_KEYS),
    flag: fc.oneof({ arbitrary: fc.constant(SWITCH), weight: 4 }, { arbitrary: flags, weight: 1 }),
    config: configs,
  },
  { requiredKeys: ['key', 'flag'] },
);

const parts = fc.array(fc.array(texts, { maxLength: 2 }), { maxLength: 2 });

export const wildSegments: fc.Arbitrary<SegmentUnit> = fc.record(
  {
    key: fc.constantFrom(...SEGMENT_KEYS),
    segment: partial<SegmentDefinition>({
      attribute: attributes,
      included: fc.array(texts, { maxLength: 3 }),
      excluded: fc.array(texts, { maxLength: 3 }),
      condition: conditions,
      contextKind: contextKinds,
      includedFirst: fc.boolean(),
    }),
    extraIncluded: parts,
    extraExcluded: parts,
  },
  { requiredKeys: ['key', 'segment'] },
);

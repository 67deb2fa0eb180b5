/**
 * Parts of definitions that compile: gates, matches, ramps, splits, serves and
 * conditions, over all that the model has.
 */
import fc from 'fast-check';
import type {
  ComparisonDefinition,
  ConditionDefinition,
  GateDefinition,
  GateMatchDefinition,
  MissPolicy,
  PrerequisiteDefinition,
  PrerequisiteOutcome,
  RampDefinition,
  RangeDefinition,
  ServeDefinition,
  SplitDefinition,
  SplitEntryDefinition,
} from '../model.ts';
import { expressions, wildExpressions } from './expressions.fixture.ts';
import {
  ATTRIBUTES,
  CONTEXT_KINDS,
  FLAG_KEYS,
  INSTANTS,
  partial,
  SEGMENT_KEYS,
  texts,
  VARIANT_KEYS,
} from './vocabulary.fixture.ts';

const WHOLE = 100_000;

export const variantKeys: fc.Arbitrary<string> = fc.constantFrom(...VARIANT_KEYS);
export const attributeNames: fc.Arbitrary<string> = fc.constantFrom(...ATTRIBUTES);
export const contextKinds: fc.Arbitrary<string> = fc.constantFrom('', ...CONTEXT_KINDS);
/** Either override, usually with "absent" beside it. */
export const overrides: fc.Arbitrary<'ENABLED_OVERRIDE_ON' | 'ENABLED_OVERRIDE_OFF'> = fc.constantFrom(
  'ENABLED_OVERRIDE_ON' as const,
  'ENABLED_OVERRIDE_OFF' as const,
);

/** Few numbers, so that subjects stand on the bounds, and many. */
const buckets = fc.constantFrom(0, 1, 4, 10, 1_000, 2 ** 32 - 1);
const offset = fc.constantFrom(0, 1);

export const tameGates: fc.Arbitrary<GateDefinition> = fc
  .record({
    whom: partial<GateDefinition>({
      attributes: fc.array(attributeNames, { maxLength: 2 }),
      contextKind: contextKinds,
      missing: fc.constantFrom(
        'GATE_MISSING_POLICY_NO_MATCH',
        'GATE_MISSING_POLICY_ZERO',
        'GATE_MISSING_POLICY_TEXT',
        'GATE_MISSING_POLICY_ERROR',
      ),
      missingText: texts,
    }),
    combine: fc.constantFrom<GateDefinition>(
      {},
      { combine: 'GATE_COMBINE_FIRST_PRESENT' },
      { combine: 'GATE_COMBINE_JOIN_PRESENT' },
      { combine: 'GATE_COMBINE_JOIN_PRESENT', separator: ':' },
    ),
    // Half of them without a seed of their own, as authored gates are.
    number: fc.oneof(
      partial<GateDefinition>({ buckets, offset }),
      partial<GateDefinition>({
        prefix: texts,
        suffix: texts,
        hash: fc.constantFrom('', 'murmur3-x86-32'),
        encoding: fc.constantFrom('', 'utf8'),
        normalizer: fc.constantFrom('', 'multiply-shift'),
        seed: fc.integer({ min: 0, max: 5 }),
        buckets,
        offset,
      }),
    ),
    bounds: partial<GateDefinition>({
      upperClosed: fc.boolean(),
      zeroIsNobody: fc.boolean(),
      fullIsClosed: fc.boolean(),
    }),
  })
  .map(({ whom, combine, number, bounds }) => ({ ...whom, ...combine, ...number, ...bounds }));

/** The end of a gate's numbers. */
export function endOf(gate: GateDefinition): number {
  return (gate.offset ?? 0) + (gate.buckets || WHOLE);
}

/** Hundredths of a gate's space: both ends and fractions of a bucket are among them. */
const hundredths = fc.oneof(
  { arbitrary: fc.nat(100), weight: 3 },
  { arbitrary: fc.constantFrom(0, 25, 50, 70, 100), weight: 3 },
);

function placed(gate: GateDefinition, hundredth: number): number {
  return (endOf(gate) * hundredth) / 100;
}

const shares = fc.array(fc.tuple(hundredths, hundredths), { minLength: 1, maxLength: 2 });

function rangesIn(gate: GateDefinition, given: readonly (readonly [number, number])[]): RangeDefinition[] {
  return given.map(([a, b]) => ({ from: placed(gate, Math.min(a, b)), to: placed(gate, Math.max(a, b)) }));
}

const rampShapes = fc.record({
  times: fc.subarray([...INSTANTS], { minLength: 1 }),
  ends: fc.array(hundredths, { minLength: INSTANTS.length, maxLength: INSTANTS.length }),
  curve: fc.constantFrom<RampDefinition>({}, { curve: 'RAMP_CURVE_LINEAR' }, { curve: 'RAMP_CURVE_STEPPED' }),
});

/** Ramps that only grow. */
export const growingRamps: fc.Arbitrary<(gate: GateDefinition) => RampDefinition> = rampShapes.map(
  ({ times, ends, curve }) => {
    const growing = [...ends].sort((a, b) => a - b);
    return (gate) => ({
      ...curve,
      steps: times.map((time, index) => ({ time, to: placed(gate, growing[index]!) })),
    });
  },
);

const ramps = rampShapes.map(
  ({ times, ends, curve }) =>
    (gate: GateDefinition): RampDefinition => ({
      ...curve,
      steps: times.map((time, index) => ({ time, to: placed(gate, ends[index]!) })),
    }),
);

export const groups: fc.Arbitrary<Pick<GateMatchDefinition, 'group'>> = fc.constantFrom(
  {},
  { group: '' },
  { group: 'exclusive' },
  { group: 'exclusive' },
);

export const tameMatches: fc.Arbitrary<GateMatchDefinition> = fc.oneof(
  {
    arbitrary: fc
      .tuple(groups, tameGates, shares)
      .map(([group, gate, given]) => ({ ...group, gate, ranges: rangesIn(gate, given) })),
    weight: 1,
  },
  {
    arbitrary: fc
      .tuple(groups, tameGates, ramps)
      .map(([group, gate, ramp]) => ({ ...group, gate, ramp: ramp(gate) })),
    weight: 1,
  },
);

/** Whole weights that add up to the whole. */
export function weightLists(length: number): fc.Arbitrary<number[]> {
  return fc
    .array(fc.integer({ min: 0, max: WHOLE }), { minLength: length - 1, maxLength: length - 1 })
    .map((cuts) =>
      [...cuts, WHOLE].sort((a, b) => a - b).map((cut, index, all) => cut - (all[index - 1] ?? 0)),
    );
}

const weightedSplits: fc.Arbitrary<SplitDefinition> = fc
  .record({ gate: fc.option(tameGates, { nil: undefined }), weights: weightLists(VARIANT_KEYS.length) })
  .map(({ gate, weights }) => ({
    ...(gate && { gate: { ...gate, upperClosed: false } }),
    entries: weights.map((weight, index) => ({ variant: VARIANT_KEYS[index]!, weight })),
  }));

const rangedSplits: fc.Arbitrary<SplitDefinition> = tameGates.chain((gate) => {
  const also = fc.array(tameMatches, { maxLength: 1 });
  const ranged = fc.record({ variant: variantKeys, given: shares, also }).map(
    ({ variant, given, also: further }): SplitEntryDefinition => ({
      variant,
      ranges: rangesIn(gate, given),
      ...(further.length > 0 && { also: further }),
    }),
  );
  const alone = fc
    .record({ variant: variantKeys, also: fc.array(tameMatches, { minLength: 1, maxLength: 2 }) })
    .map((entry): SplitEntryDefinition => ({ ...entry, alsoAlone: true }));
  return fc
    .array(fc.oneof({ arbitrary: ranged, weight: 3 }, { arbitrary: alone, weight: 1 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((entries) => ({ gate, entries }));
});

const tameSplits: fc.Arbitrary<SplitDefinition> = fc
  .tuple(fc.oneof(weightedSplits, rangedSplits), fc.array(tameMatches, { maxLength: 1 }))
  .map(([split, traffic]) => (traffic.length === 0 ? split : { ...split, traffic }));

const missPolicies: fc.Arbitrary<Pick<ServeDefinition, 'onMiss' | 'missVariant'>> = fc.oneof(
  fc.constantFrom<{ onMiss?: MissPolicy }>(
    {},
    { onMiss: 'MISS_POLICY_NEXT_RULE' },
    { onMiss: 'MISS_POLICY_CODE_DEFAULT' },
    { onMiss: 'MISS_POLICY_ERROR' },
  ),
  variantKeys.map((missVariant) => ({ onMiss: 'MISS_POLICY_VARIANT' as const, missVariant })),
);
const splitMissPolicies = fc.oneof(missPolicies, fc.constant({ onMiss: 'MISS_POLICY_LAST_ENTRY' as const }));

export const tameServes: fc.Arbitrary<ServeDefinition> = fc
  .tuple(
    fc.oneof(
      { arbitrary: variantKeys.map((variant) => ({ variant })), weight: 3 },
      {
        arbitrary: fc.tuple(tameSplits, splitMissPolicies).map(([split, miss]) => ({ split, ...miss })),
        weight: 4,
      },
      {
        arbitrary: fc.tuple(expressions, missPolicies).map(([jsonLogic, miss]) => ({ jsonLogic, ...miss })),
        weight: 2,
      },
      {
        arbitrary: fc.constantFrom(
          { ending: 'ENDING_CODE_DEFAULT' } as const,
          { ending: 'ENDING_ERROR' } as const,
        ),
        weight: 1,
      },
    ),
    partial<ServeDefinition>({ enabledOverride: overrides }),
  )
  .map(([outcome, override]) => ({ ...outcome, ...override }));

const comparisons: fc.Arbitrary<ComparisonDefinition> = fc.oneof(
  fc.record({
    attribute: attributeNames,
    operator: fc.constantFrom(
      'equals',
      'notEquals',
      'in',
      'startsWith',
      'contains',
      'matches',
      'arrayContainsAny',
    ),
    values: fc.array(fc.constantFrom('FR', 'fr', 'user-1', 'ios', 'org'), { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
    ignoreCase: fc.boolean(),
    contextKind: contextKinds,
  }),
  fc.record({
    attribute: fc.constantFrom('age', 'value'),
    operator: fc.constantFrom('lt', 'gte'),
    values: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
    missing: fc.constantFrom('MISSING_POLICY_NO_MATCH' as const, 'MISSING_POLICY_NEGATE' as const),
  }),
  fc.record({ attribute: attributeNames, operator: fc.constantFrom('exists', 'notExists') }),
  fc.record({
    attribute: fc.constant('/device/version'),
    operator: fc.constantFrom('semverGte', 'semverLt'),
    values: fc.constantFrom(['1.2.3'], ['2.0.0-rc.1']),
  }),
  fc.record({
    attribute: fc.constant('ip'),
    operator: fc.constant('inCidr'),
    values: fc.constant(['10.0.0.0/8']),
  }),
);

/** A leaf, and trees of at most one level over it. */
function trees(leaf: fc.Arbitrary<ConditionDefinition>): fc.Arbitrary<ConditionDefinition> {
  const lists = fc.record({ conditions: fc.array(leaf, { maxLength: 3 }) });
  return fc.oneof(leaf, fc.record({ not: leaf }), fc.record({ all: lists }), fc.record({ any: lists }));
}

const valueConditions = trees(
  comparisons.map(({ contextKind: _, ...comparison }) => ({
    compare: { ...comparison, attribute: 'value' },
  })),
);

/** On the flags before `rank`, or on one that is not there. */
function requirements(rank: number): fc.Arbitrary<PrerequisiteDefinition> {
  const wanted = fc.oneof(
    fc.record({ variants: fc.subarray([...VARIANT_KEYS], { minLength: 1 }) }),
    fc.record({
      state: fc.constantFrom(
        'PREREQUISITE_STATE_ON' as const,
        'PREREQUISITE_STATE_OFF' as const,
        'PREREQUISITE_STATE_ANY' as const,
      ),
      variants: fc.subarray([...VARIANT_KEYS]),
    }),
    fc.record({ value: valueConditions }),
  );
  const present = fc.constantFrom(...FLAG_KEYS.slice(0, Math.max(rank, 1))).map((flag) => ({ flag }));
  const absent = fc
    .constantFrom('MISSING_FLAG_POLICY_FAIL' as const, 'MISSING_FLAG_POLICY_ERROR' as const)
    .map((missingFlag) => ({ flag: 'nowhere', missingFlag }));
  const flags =
    rank > 0 ? fc.oneof({ arbitrary: present, weight: 5 }, { arbitrary: absent, weight: 1 }) : absent;
  return fc.tuple(flags, wanted).map(([flag, rest]) => ({ ...flag, ...rest }));
}

const outcomes: PrerequisiteOutcome[] = [
  'PREREQUISITE_OUTCOME_OFF_VARIANT',
  'PREREQUISITE_OUTCOME_CODE_DEFAULT',
  'PREREQUISITE_OUTCOME_ERROR',
];

/** With an outcome: those of a whole flag have no next rule. */
export function tamePrerequisites(
  rank: number,
  { ofRule }: { readonly ofRule: boolean },
): fc.Arbitrary<PrerequisiteDefinition> {
  const allowed = ofRule ? [...outcomes, 'PREREQUISITE_OUTCOME_NEXT_RULE' as const] : outcomes;
  const failures: fc.Arbitrary<PrerequisiteDefinition> = fc.oneof(
    fc.constant({}),
    fc.constantFrom(...allowed).map((onFailure) => ({ onFailure })),
    variantKeys.map((failureVariant) => ({
      onFailure: 'PREREQUISITE_OUTCOME_VARIANT' as const,
      failureVariant,
    })),
  );
  return fc.tuple(requirements(rank), failures).map(([wanted, failure]) => ({ ...wanted, ...failure }));
}

/** Over the flags before `rank` and the segments before `segmentRank`, so that there are no cycles. */
export function tameConditions(rank: number, segmentRank: number): fc.Arbitrary<ConditionDefinition> {
  const leaves: fc.MaybeWeightedArbitrary<ConditionDefinition>[] = [
    { arbitrary: fc.record({ compare: comparisons }), weight: 4 },
    { arbitrary: fc.record({ gate: tameMatches }), weight: 1 },
    { arbitrary: fc.record({ jsonLogic: wildExpressions }), weight: 2 },
  ];
  if (rank > 0) leaves.push({ arbitrary: fc.record({ prerequisite: requirements(rank) }), weight: 2 });
  const missingSegments = fc.constantFrom(
    'MISSING_SEGMENT_POLICY_NO_MATCH' as const,
    'MISSING_SEGMENT_POLICY_ERROR' as const,
  );
  leaves.push({
    arbitrary: fc.record({ segment: fc.constant('nowhere'), missingSegment: missingSegments }),
    weight: 1,
  });
  if (segmentRank > 0) {
    const segment = fc.constantFrom(...SEGMENT_KEYS.slice(0, segmentRank));
    const tests = fc.record({ segment, missingSegment: missingSegments }, { requiredKeys: ['segment'] });
    leaves.push({ arbitrary: tests, weight: 4 });
  }
  return trees(fc.oneof(...leaves));
}

/**
 * Random environments for the agreement with flagd's own engine: every construct of the model, mostly in the forms that
 * flagd can be told, as people write them. The engine's own laws have wilder definitions, most of which are withheld.
 */
import type {
  ComparisonDefinition,
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  FlagKind,
  FlagUnit,
  GateDefinition,
  GateMatchDefinition,
  JsonObject,
  JsonValue,
  PrerequisiteDefinition,
  RuleDefinition,
  SegmentDefinition,
  SegmentUnit,
  ServeDefinition,
  WindowDefinition,
} from '@flagstream/engine';
import fc from 'fast-check';

export interface RandomEnvironment {
  readonly flags: readonly FlagUnit[];
  readonly segments: readonly SegmentUnit[];
}

const FLAG_KEYS = ['alpha', 'beta', 'gamma', 'delta'] as const;
const SEGMENT_KEYS = ['staff', 'early'] as const;
const VARIANTS = ['on', 'off', 'third'] as const;
const WHOLE = 100_000;
const SECONDS = ['2026-01-01T00:00:00Z', '2026-03-01T00:00:00+02:00', '2026-06-01T12:30:00-05:30'] as const;
export const SECONDS_MS: readonly number[] = SECONDS.map((text) => Date.parse(text));
const WITHIN_A_SECOND = '2026-02-01T09:00:00.250Z';

/** Mostly the first; the second is what flagd cannot be told. */
function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 200): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: usual, weight }, { arbitrary: rare, weight: 1 });
}

function maybe<T extends object>(
  shape: { [Key in keyof T]: fc.Arbitrary<NonNullable<T[Key]>> },
): fc.Arbitrary<Partial<T>> {
  return fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const variants = fc.constantFrom(...VARIANTS);
const attributes = mostly(
  fc.constantFrom('', 'targetingKey', 'country', 'age', 'groups', '/device/version'),
  fc.constant('device.os'),
  600,
);
const texts = fc.constantFrom('', 'FR', 'fr', 'user-1', 'user-2', '1.2.3', '5', 'true', ' x ');
export const scalars: fc.Arbitrary<JsonValue> = fc.oneof(
  texts,
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(0.5, 1e21, 1e-7),
  fc.boolean(),
);
const kinds = mostly(fc.constant(''), fc.constant('user'), 900);

const comparisons: fc.Arbitrary<ComparisonDefinition> = fc
  .tuple(
    fc.oneof(
      {
        arbitrary: fc.record({
          operator: fc.constantFrom(
            'equals',
            'notEquals',
            'in',
            'notIn',
            'arrayContainsAny',
            'arrayContainsAll',
          ),
          values: fc.array(scalars, { minLength: 1, maxLength: 3 }),
        }),
        weight: 20,
      },
      {
        arbitrary: fc.record({
          operator: fc.constantFrom('startsWith', 'endsWith', 'contains'),
          values: fc.array(texts, { minLength: 1, maxLength: 2 }),
        }),
        weight: 20,
      },
      {
        arbitrary: fc.record({
          operator: fc.constantFrom('lt', 'lte', 'gt', 'gte'),
          values: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 2 }),
        }),
        weight: 20,
      },
      { arbitrary: fc.record({ operator: fc.constantFrom('exists', 'notExists') }), weight: 10 },
      {
        arbitrary: fc.constantFrom<ComparisonDefinition>(
          { operator: 'matches', values: ['^u'] },
          { operator: 'inCidr', values: ['10.0.0.0/8'] },
          { operator: 'before', values: [SECONDS[0]] },
          { operator: 'semverGte', values: ['1.2.3'] },
          { operator: 'equals', values: ['fr'], ignoreCase: true },
        ),
        weight: 1,
      },
    ),
    attributes,
    kinds,
    maybe<ComparisonDefinition>({
      negate: fc.boolean(),
      missing: fc.constantFrom('MISSING_POLICY_NO_MATCH', 'MISSING_POLICY_NEGATE'),
    }),
  )
  .map(([operator, attribute, contextKind, rest]) => ({ ...operator, attribute, contextKind, ...rest }));

const gates: fc.Arbitrary<GateDefinition> = fc
  .tuple(
    maybe<GateDefinition>({
      attributes: fc.array(attributes, { maxLength: 2 }),
      prefix: fc.constantFrom('', 'seed.'),
      suffix: fc.constantFrom('', '/end'),
      buckets: fc.constantFrom(0, 1, 4, 10, 1_000),
      offset: fc.constantFrom(0, 1),
      missing: fc.constantFrom(
        'GATE_MISSING_POLICY_NO_MATCH',
        'GATE_MISSING_POLICY_ZERO',
        'GATE_MISSING_POLICY_TEXT',
      ),
      missingText: mostly(fc.constantFrom('', 'FR', 'user-1'), fc.constant(' x ')),
      upperClosed: fc.boolean(),
      zeroIsNobody: fc.boolean(),
      fullIsClosed: fc.boolean(),
    }),
    mostly<GateDefinition>(
      fc.constant({}),
      fc.constantFrom<GateDefinition>({ seed: 7 }, { buckets: 2 ** 32 - 1 }, { contextKind: 'org' }),
    ),
  )
  .map(([usual, rare]) => ({ ...usual, ...rare }));

const endOf = (gate: GateDefinition): number => (gate.offset ?? 0) + (gate.buckets || WHOLE);
const percents = fc.oneof(fc.nat(100), fc.constantFrom(0, 25, 50, 100));

const matches: fc.Arbitrary<GateMatchDefinition> = fc
  .record({
    gate: gates,
    group: fc.constantFrom('', 'exclusive'),
    ranges: fc.array(fc.tuple(percents, percents), { minLength: 1, maxLength: 2 }),
    ramp: fc.constantFrom('none', 'none', 'stepped', 'flat', 'linear'),
    within: mostly(fc.constant(false), fc.constant(true)),
    isLinear: mostly(fc.constant(false), fc.constant(true), 40),
  })
  .map(({ gate, group, ranges, ramp, within, isLinear }) => {
    const at = (percent: number): number => (endOf(gate) * percent) / 100;
    if (ramp === 'none')
      return {
        gate,
        group,
        ranges: ranges.map(([a, b]) => ({ from: at(Math.min(a, b)), to: at(Math.max(a, b)) })),
      };
    const tos = ranges.flat().slice(0, SECONDS.length);
    const steps = tos.map((to, index) => ({ time: SECONDS[index]!, to: at(ramp === 'flat' ? tos[0]! : to) }));
    const curve =
      ramp === 'linear' && isLinear ? ('RAMP_CURVE_LINEAR' as const) : ('RAMP_CURVE_STEPPED' as const);
    const timed = within ? [{ time: '2025-12-31T00:00:00.001Z', to: at(1) }, ...steps] : steps;
    return { gate, group, ramp: { steps: timed, ...(ramp === 'flat' ? {} : { curve }) } };
  });

const weights = (length: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.integer({ min: 0, max: WHOLE }), { minLength: length - 1, maxLength: length - 1 })
    .map((cuts) => [...cuts, WHOLE].sort((a, b) => a - b))
    .map((cuts) => cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0)));

const misses: fc.Arbitrary<Partial<ServeDefinition>> = fc.constantFrom<Partial<ServeDefinition>>(
  {},
  { onMiss: 'MISS_POLICY_NEXT_RULE' },
  { onMiss: 'MISS_POLICY_VARIANT', missVariant: 'third' },
  { onMiss: 'MISS_POLICY_LAST_ENTRY' },
  { onMiss: 'MISS_POLICY_CODE_DEFAULT' },
  { onMiss: 'MISS_POLICY_ERROR' },
);

const errorsWithoutSubject = (gate: GateDefinition): GateDefinition => ({
  ...gate,
  missing: 'GATE_MISSING_POLICY_ERROR',
});

/** Weights edit ranges without their upper end. */
function halfOpen({
  upperClosed: _,
  zeroIsNobody: __,
  fullIsClosed: ___,
  ...gate
}: GateDefinition): GateDefinition {
  return gate;
}

const splits: fc.Arbitrary<ServeDefinition> = fc
  .record({
    gate: fc.oneof(
      { arbitrary: gates, weight: 3 },
      { arbitrary: gates.map(errorsWithoutSubject), weight: 1 },
    ),
    shares: fc.integer({ min: 1, max: 4 }).chain(weights),
    served: fc.array(variants, { minLength: 4, maxLength: 4 }),
    form: fc.constantFrom('weights', 'weights', 'ranges', 'also', 'alone'),
    ranges: fc.array(fc.tuple(percents, percents), { minLength: 4, maxLength: 4 }),
    traffic: fc.array(matches, { maxLength: 1 }),
    also: matches,
    miss: misses,
  })
  .map(({ gate, shares, served, form, ranges, traffic, also, miss }) => {
    const at = (percent: number): number => (endOf(gate) * percent) / 100;
    const entries = shares.map((weight, index) => {
      const variant = served[index]!;
      if (form === 'weights') return { variant, weight };
      if (form === 'alone' && index === 0) return { variant, also: [also], alsoAlone: true };
      const [a, b] = ranges[index]!;
      const range = { from: at(Math.min(a, b)), to: at(Math.max(a, b)) };
      return { variant, ranges: [range], ...(form === 'also' && index === 0 ? { also: [also] } : {}) };
    });
    return { split: { gate: form === 'weights' ? halfOpen(gate) : gate, entries, traffic }, ...miss };
  });

const expressions: fc.Arbitrary<JsonValue> = mostly(
  fc.constantFrom<JsonValue>(
    { if: [{ '===': [{ var: 'country' }, 'FR'] }, 'on', null] },
    { if: [{ starts_with: [{ var: 'targetingKey' }, 'user-1'] }, 'third', 'off'] },
    {
      if: [
        { starts_with: [{ var: 'targetingKey' }, ''] },
        {
          fractional: [
            ['on', 30],
            ['off', 70],
          ],
        },
        null,
      ],
    },
    { fractional: [{ cat: [{ var: '$flagd.flagKey' }, '-seed'] }, ['on'], ['third']] },
    { if: [{ '>=': [{ var: '$flagd.timestamp' }, SECONDS_MS[0]! / 1_000] }, 'on'] },
  ),
  fc.constantFrom<JsonValue>({ log: ['on'] }, { cat: ['on'], and: [] }, { '==': [1] }),
  150,
);

const serves: fc.Arbitrary<ServeDefinition> = fc.oneof(
  { arbitrary: variants.map((variant): ServeDefinition => ({ variant })), weight: 5 },
  { arbitrary: splits, weight: 4 },
  {
    arbitrary: fc
      .tuple(expressions, misses)
      .filter(([, { onMiss }]) => onMiss !== 'MISS_POLICY_LAST_ENTRY')
      .map(([jsonLogic, miss]) => ({ jsonLogic, ...miss })),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom<ServeDefinition>(
      { ending: 'ENDING_CODE_DEFAULT' },
      { ending: 'ENDING_ERROR' },
      { variant: 'on', enabledOverride: 'ENABLED_OVERRIDE_OFF' },
    ),
    weight: 1,
  },
);

const valueConditions: fc.Arbitrary<ConditionDefinition> = fc.constantFrom<ConditionDefinition>(
  { compare: { attribute: 'value', operator: 'equals', values: [true, 'FR', 1] } },
  { not: { compare: { attribute: 'value', operator: 'exists' } } },
  { compare: { attribute: 'value', operator: 'matches', values: ['^F'] } },
);

function requirements(rank: number): fc.Arbitrary<PrerequisiteDefinition> {
  const flags =
    rank === 0
      ? fc.constant<PrerequisiteDefinition>({ flag: 'nowhere', missingFlag: 'MISSING_FLAG_POLICY_FAIL' })
      : fc.constantFrom(...FLAG_KEYS.slice(0, rank)).map((flag): PrerequisiteDefinition => ({ flag }));
  const wanted = fc.oneof(
    fc.record({ variants: fc.subarray([...VARIANTS], { minLength: 1 }) }),
    fc.record({
      state: fc.constantFrom('PREREQUISITE_STATE_ON', 'PREREQUISITE_STATE_OFF', 'PREREQUISITE_STATE_ANY'),
    }),
    fc.record({ value: valueConditions }),
  ) as fc.Arbitrary<PrerequisiteDefinition>;
  return fc.tuple(flags, wanted).map(([flag, rest]) => ({ ...flag, ...rest }));
}

function prerequisites(rank: number, ofRule: boolean): fc.Arbitrary<PrerequisiteDefinition> {
  const failures = fc.constantFrom<PrerequisiteDefinition>(
    {},
    { onFailure: 'PREREQUISITE_OUTCOME_OFF_VARIANT' },
    { onFailure: 'PREREQUISITE_OUTCOME_CODE_DEFAULT' },
    { onFailure: 'PREREQUISITE_OUTCOME_ERROR' },
    { onFailure: 'PREREQUISITE_OUTCOME_VARIANT', failureVariant: 'third' },
    ofRule ? { onFailure: 'PREREQUISITE_OUTCOME_NEXT_RULE' } : {},
  );
  const lost: fc.Arbitrary<PrerequisiteDefinition> = fc.constant({
    flag: 'nowhere',
    missingFlag: 'MISSING_FLAG_POLICY_ERROR',
    state: 'PREREQUISITE_STATE_ANY',
  });
  return fc
    .tuple(mostly(requirements(rank), lost, 20), failures)
    .map(([wanted, failure]) => ({ ...wanted, ...failure }));
}

function conditions(rank: number, segmentRank: number): fc.Arbitrary<ConditionDefinition> {
  const leaves: fc.Arbitrary<ConditionDefinition>[] = [
    fc.record({ compare: comparisons }),
    fc.record({ compare: comparisons }),
    fc.record({ compare: comparisons }),
    fc.record({ gate: matches }),
    mostly<ConditionDefinition>(
      fc.constant({ segment: 'nowhere', missingSegment: 'MISSING_SEGMENT_POLICY_NO_MATCH' }),
      fc.constant({ segment: 'nowhere', missingSegment: 'MISSING_SEGMENT_POLICY_ERROR' }),
    ),
    fc.record({ jsonLogic: expressions }),
  ];
  if (segmentRank > 0)
    leaves.push(fc.constantFrom(...SEGMENT_KEYS.slice(0, segmentRank)).map((segment) => ({ segment })));
  if (rank > 0) leaves.push(requirements(rank).map((prerequisite) => ({ prerequisite })));
  const leaf = fc.oneof(...leaves);
  const lists = fc.record({ conditions: fc.array(leaf, { maxLength: 3 }) });
  return fc.oneof(leaf, leaf, fc.record({ not: leaf }), fc.record({ all: lists }), fc.record({ any: lists }));
}

const VALUES: Readonly<Record<FlagKind, fc.Arbitrary<JsonValue>>> = {
  FLAG_KIND_BOOLEAN: fc.boolean(),
  FLAG_KIND_STRING: texts,
  FLAG_KIND_NUMBER: fc.oneof(fc.integer(), fc.constantFrom(0.1, 1e21)),
  FLAG_KIND_OBJECT: fc.constantFrom<JsonValue>({}, { a: [1, null] }, { b: { c: 'd' } }),
  FLAG_KIND_ANY: texts,
};

const flags: fc.Arbitrary<FlagDefinition> = fc
  .constantFrom(...(Object.keys(VALUES) as FlagKind[]))
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      values: fc.array(VALUES[kind], { minLength: VARIANTS.length, maxLength: VARIANTS.length }),
      rare: mostly<JsonValue>(fc.constant(0), fc.constantFrom<JsonValue>(null, [1]), 100),
      offVariant: fc.constantFrom('', ...VARIANTS),
      metadata: fc.constantFrom<JsonObject>({}, { owner: 'team', level: 3, live: true }),
    }),
  )
  .map(({ kind, values, rare, offVariant, metadata }) => ({
    // Values of an unusual type need a flag that takes any.
    kind: rare === 0 ? kind : 'FLAG_KIND_ANY',
    variants: VARIANTS.map((key, index) => ({
      key,
      value: rare !== 0 && index === 0 ? rare : values[index]!,
    })),
    offVariant,
    metadata,
  }));

const windows: fc.Arbitrary<WindowDefinition> = mostly<WindowDefinition>(
  fc.constantFrom<WindowDefinition>(
    {},
    { start: SECONDS[0] },
    { end: SECONDS[1] },
    { start: SECONDS[0], end: SECONDS[2] },
    { end: '2026-02-28T21:59:59.999Z', endInclusive: true },
  ),
  fc.constantFrom<WindowDefinition>({ start: WITHIN_A_SECOND }, { end: SECONDS[1], endInclusive: true }),
  150,
);

function rules(rank: number): fc.Arbitrary<RuleDefinition[]> {
  const rule = fc.tuple(
    fc.record({ serve: serves }),
    maybe<RuleDefinition>({
      condition: conditions(rank, SEGMENT_KEYS.length),
      prerequisites: fc.array(prerequisites(rank, true), { maxLength: 1 }),
      window: windows,
    }),
  );
  return fc
    .array(rule, { maxLength: 2 })
    .map((given) => given.map(([serve, rest], index) => ({ id: `r${index}`, ...serve, ...rest })));
}

function configs(rank: number): fc.Arbitrary<FlagConfigDefinition> {
  return fc
    .tuple(
      fc.integer({ min: 0, max: 5 }),
      maybe<FlagConfigDefinition>({
        offVariant: variants,
        prerequisites: fc.array(prerequisites(rank, false), { maxLength: 1 }),
        prerequisitesBeforeSwitch: fc.boolean(),
        targets: fc.array(
          fc.record({ variant: variants, attribute: attributes, values: fc.array(texts, { minLength: 1 }) }),
          { maxLength: 2 },
        ),
        holdouts: fc.array(fc.record({ id: fc.constant('h'), subjects: matches, variant: variants }), {
          maxLength: 1,
        }),
        rules: rules(rank),
        fallthrough: serves,
        jsonLogicDialect: mostly(fc.constantFrom('', 'flagd'), fc.constant('flagd-fractional-v3'), 100),
      }),
    )
    .map(([enabled, rest]) => ({ enabled: enabled > 0, ...rest }));
}

function segments(rank: number): fc.Arbitrary<SegmentUnit> {
  const members = fc.array(texts, { maxLength: 3 });
  return maybe<SegmentDefinition>({
    attribute: attributes,
    included: members,
    excluded: members,
    includedFirst: fc.boolean(),
    condition: conditions(0, rank),
  }).map((segment) => ({ key: SEGMENT_KEYS[rank]!, segment: segment as SegmentDefinition }));
}

export const environments: fc.Arbitrary<RandomEnvironment> = fc.record({
  flags: fc.tuple(
    ...FLAG_KEYS.map((key, rank) =>
      fc.tuple(flags, configs(rank)).map(([flag, config]): FlagUnit => ({ key, flag, config })),
    ),
  ),
  segments: fc.tuple(...SEGMENT_KEYS.map((_, rank) => segments(rank))),
});

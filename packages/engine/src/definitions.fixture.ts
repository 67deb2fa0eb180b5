/**
 * Definitions for tests: short builders, and generators of random but
 * well-formed definitions and contexts.
 */
import fc from 'fast-check';
import type { FlagUnit } from './compile/flag.ts';
import type { SegmentUnit } from './compile/segment.ts';
import type {
  ComparisonDefinition,
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  JsonObject,
  JsonValue,
  PrerequisiteDefinition,
  RuleDefinition,
  ServeDefinition,
  SplitDefinition,
} from './model.ts';
import { DIALECTS } from './operators/dialects.ts';
import { compileSet } from './set/compile-set.ts';
import type { CompiledSet } from './set/compiled-set.ts';

/** A boolean flag with the variants on and off. */
export const SWITCH: FlagDefinition = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
};

export function switchUnit(key: string, config?: FlagConfigDefinition): FlagUnit {
  return { key, flag: SWITCH, ...(config && { config }) };
}

/** On, one rule with the condition serves "on", else "off". */
export function ruleConfig(condition: ConditionDefinition): FlagConfigDefinition {
  return {
    enabled: true,
    rules: [{ id: 'r', condition, serve: { variant: 'on' } }],
    fallthrough: { variant: 'off' },
  };
}

export function weighted(weights: Readonly<Record<string, number>>): SplitDefinition {
  return { entries: Object.entries(weights).map(([variant, weight]) => ({ variant, weight })) };
}

/** A set that must compile. */
export function setOf(flags: Iterable<FlagUnit>, segments: Iterable<SegmentUnit> = []): CompiledSet {
  const { set, problems } = compileSet(flags, segments);
  if (problems.length > 0)
    throw new Error(`The fixture does not compile: ${JSON.stringify(problems, undefined, 1)}`);
  return set;
}

/** Whether the condition holds for the context. */
export function holds(condition: ConditionDefinition, context: JsonObject, nowMs = 0): boolean {
  return setOf([switchUnit('probe', ruleConfig(condition))]).evaluate('probe', context, nowMs).value === true;
}

const FLAG_KEYS = ['alpha', 'beta', 'gamma', 'delta'];
const SEGMENT_KEYS = ['staff', 'early', 'europe'];
const ATTRIBUTES = [
  '',
  'country',
  'age',
  'device.os',
  '/device/version',
  'groups',
  'ip',
  '__proto__',
  'constructor',
];
const VARIANTS = ['on', 'off', 'absent'];

const texts = fc.constantFrom(
  '',
  'FR',
  'fr',
  '1.2.3',
  '2.0.0-rc.1',
  '10.0.0.0/8',
  '::1',
  'a+',
  '(',
  '2026-01-31T09:00:00Z',
);
const scalars: fc.Arbitrary<JsonValue> = fc.oneof(
  texts,
  fc.integer({ min: -5, max: 5 }),
  fc.boolean(),
  fc.constant(null),
);
/** A key that is present or not: proto JSON omits defaults. */
function partial<T>(
  shape: { [Key in keyof T]: fc.Arbitrary<NonNullable<T[Key]>> },
): fc.Arbitrary<Partial<T>> {
  return fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const comparisons: fc.Arbitrary<ComparisonDefinition> = partial<ComparisonDefinition>({
  attribute: fc.constantFrom(...ATTRIBUTES),
  operator: fc.constantFrom(...(DIALECTS.get('')?.keys() ?? []), 'unknown'),
  values: fc.array(scalars, { maxLength: 3 }),
  negate: fc.boolean(),
  missing: fc.constantFrom('MISSING_POLICY_NO_MATCH', 'MISSING_POLICY_NEGATE'),
  ignoreCase: fc.boolean(),
  dialect: fc.constantFrom('', 'other'),
  salts: fc.array(texts, { maxLength: 1 }),
});

const prerequisites: fc.Arbitrary<PrerequisiteDefinition> = partial<PrerequisiteDefinition>({
  flag: fc.constantFrom(...FLAG_KEYS, 'nowhere'),
  variants: fc.array(fc.constantFrom(...VARIANTS), { maxLength: 2 }),
  onFailure: fc.constantFrom(
    'PREREQUISITE_OUTCOME_OFF_VARIANT',
    'PREREQUISITE_OUTCOME_NEXT_RULE',
    'PREREQUISITE_OUTCOME_CODE_DEFAULT',
    'PREREQUISITE_OUTCOME_ERROR',
  ),
});

const ranges = fc.array(
  partial({ from: fc.integer({ min: -1, max: 100_001 }), to: fc.integer({ min: -1, max: 100_001 }) }),
  {
    maxLength: 3,
  },
);

const gates = partial({
  attributes: fc.array(fc.constantFrom(...ATTRIBUTES), { maxLength: 2 }),
  prefix: texts,
  hash: fc.constantFrom('', 'murmur3-x86-32', 'md5'),
  seed: fc.integer({ min: -1, max: 5 }),
  buckets: fc.constantFrom(0, 100, 100_000, 2 ** 32 - 1),
  offset: fc.constantFrom(0, 1),
  upperClosed: fc.boolean(),
  zeroIsNobody: fc.boolean(),
  missing: fc.constantFrom(
    'GATE_MISSING_POLICY_NO_MATCH',
    'GATE_MISSING_POLICY_ZERO',
    'GATE_MISSING_POLICY_TEXT',
    'GATE_MISSING_POLICY_ERROR',
    'GATE_MISSING_POLICY_RANDOM',
  ),
});
const gateMatches = partial({ gate: gates, ranges });

const { condition: conditions } = fc.letrec<{ condition: ConditionDefinition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ compare: comparisons }),
    fc.record({ segment: fc.constantFrom(...SEGMENT_KEYS, 'nowhere') }),
    fc.record({ prerequisite: prerequisites }),
    fc.record({ gate: gateMatches }),
    fc.record({ all: fc.record({ conditions: fc.array(tie('condition'), { maxLength: 3 }) }) }),
    fc.record({ any: fc.record({ conditions: fc.array(tie('condition'), { maxLength: 3 }) }) }),
    fc.record({ not: tie('condition') }),
    fc.constant({}),
    fc.record({ jsonLogic: scalars }),
  ),
})) as { condition: fc.Arbitrary<ConditionDefinition> };

const serves = partial<ServeDefinition>({
  variant: fc.constantFrom(...VARIANTS),
  split: partial<SplitDefinition>({
    gate: gates,
    entries: fc.array(
      partial({
        variant: fc.constantFrom(...VARIANTS),
        weight: fc.constantFrom(0, 25_000, 50_000, 100_000, 1.5),
        ranges,
        also: fc.array(gateMatches, { maxLength: 1 }),
      }),
      { maxLength: 3 },
    ),
    traffic: fc.array(gateMatches, { maxLength: 1 }),
  }),
  onMiss: fc.constantFrom(
    'MISS_POLICY_NEXT_RULE',
    'MISS_POLICY_VARIANT',
    'MISS_POLICY_LAST_ENTRY',
    'MISS_POLICY_CODE_DEFAULT',
    'MISS_POLICY_ERROR',
  ),
  missVariant: fc.constantFrom(...VARIANTS),
});

const rules: fc.Arbitrary<RuleDefinition> = partial<RuleDefinition>({
  id: fc.constantFrom('r1', 'r2', ''),
  condition: conditions,
  serve: serves,
  prerequisites: fc.array(prerequisites, { maxLength: 1 }),
  window: partial({ start: texts, end: texts }),
});

const configs = partial<FlagConfigDefinition>({
  enabled: fc.boolean(),
  offVariant: fc.constantFrom(...VARIANTS),
  prerequisites: fc.array(prerequisites, { maxLength: 1 }),
  targets: fc.array(
    partial({
      variant: fc.constantFrom(...VARIANTS),
      attribute: fc.constantFrom(...ATTRIBUTES),
      values: fc.array(texts),
    }),
    { maxLength: 2 },
  ),
  rules: fc.array(rules, { maxLength: 3 }),
  fallthrough: serves,
});

/** Anything the model's shape allows, mostly wrong. */
export const wildFlags: fc.Arbitrary<FlagUnit> = fc.record(
  {
    key: fc.constantFrom(...FLAG_KEYS),
    flag: fc.oneof(
      { arbitrary: fc.constant(SWITCH), weight: 4 },
      {
        arbitrary: partial<FlagDefinition>({
          kind: fc.constantFrom('FLAG_KIND_STRING', 'FLAG_KIND_NUMBER', 'FLAG_KIND_OBJECT'),
          variants: fc.array(
            fc.record({
              key: fc.constantFrom('on', 'off', ''),
              value: fc.jsonValue() as fc.Arbitrary<JsonValue>,
            }),
          ),
          offVariant: fc.constantFrom(...VARIANTS),
        }),
        weight: 1,
      },
    ),
    config: configs,
  },
  { requiredKeys: ['key', 'flag'] },
);

export const wildSegments: fc.Arbitrary<SegmentUnit> = fc.record({
  key: fc.constantFrom(...SEGMENT_KEYS),
  segment: partial({
    attribute: fc.constantFrom(...ATTRIBUTES),
    included: fc.array(texts),
    excluded: fc.array(texts),
    condition: conditions,
  }),
});

const tameComparisons: fc.Arbitrary<ComparisonDefinition> = fc.oneof(
  fc.record({
    attribute: fc.constantFrom('', 'country', 'device.os'),
    operator: fc.constantFrom('equals', 'notEquals', 'in', 'startsWith', 'contains'),
    values: fc.array(fc.constantFrom('FR', 'fr', 'user-1', 'ios'), { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
    ignoreCase: fc.boolean(),
  }),
  fc.record({
    attribute: fc.constantFrom('age'),
    operator: fc.constantFrom('lt', 'gte'),
    values: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
    missing: fc.constant('MISSING_POLICY_NEGATE' as const),
  }),
);

/** Conditions over the segments and flags of tameFlags that come before `rank`, so that there are no cycles. */
function tameConditions(rank: number): fc.Arbitrary<ConditionDefinition> {
  const leaves: fc.Arbitrary<ConditionDefinition>[] = [fc.record({ compare: tameComparisons })];
  if (rank >= 0) leaves.push(fc.record({ segment: fc.constantFrom(...SEGMENT_KEYS) }));
  if (rank > 0) {
    leaves.push(
      fc.record({
        prerequisite: fc.record({
          flag: fc.constantFrom(...FLAG_KEYS.slice(0, rank)),
          variants: fc.constantFrom(['on'], ['off'], ['on', 'off']),
        }),
      }),
    );
  }
  const leaf = fc.oneof(...leaves);
  return fc.oneof(
    leaf,
    fc.record({ not: leaf }),
    fc.record({ all: fc.record({ conditions: fc.array(leaf, { maxLength: 3 }) }) }),
    fc.record({ any: fc.record({ conditions: fc.array(leaf, { maxLength: 3 }) }) }),
  );
}

const tameServes: fc.Arbitrary<ServeDefinition> = fc.oneof(
  fc.record({ variant: fc.constantFrom('on', 'off') }),
  fc
    .integer({ min: 0, max: 100_000 })
    .map((weight) => ({ split: weighted({ on: weight, off: 100_000 - weight }) })),
);

/** A flag that compiles beside the other tame flags and segments; `rank` is its place in TAME_FLAG_KEYS. */
export function tameFlags(rank: number): fc.Arbitrary<FlagUnit> {
  const tameRules = fc.array(fc.record({ condition: tameConditions(rank), serve: tameServes }), {
    maxLength: 3,
  });
  return fc.record({ enabled: fc.boolean(), rules: tameRules, fallthrough: tameServes }).map((config) =>
    switchUnit(FLAG_KEYS[rank]!, {
      ...config,
      rules: config.rules.map((rule, index) => ({ ...rule, id: `r${index}` })),
    }),
  );
}

export const TAME_FLAG_KEYS: readonly string[] = FLAG_KEYS;

function tameSegments(key: string): fc.Arbitrary<SegmentUnit> {
  return fc
    .record({ included: fc.array(fc.constantFrom('user-1', 'user-2')), condition: tameConditions(-1) })
    .map((segment) => ({ key, segment }));
}

export const tameSets: fc.Arbitrary<{ flags: readonly FlagUnit[]; segments: readonly SegmentUnit[] }> =
  fc.record({
    flags: fc.tuple(...FLAG_KEYS.map((_, rank) => tameFlags(rank))),
    segments: fc.tuple(...SEGMENT_KEYS.map(tameSegments)),
  });

export const contexts: fc.Arbitrary<JsonObject> = fc.oneof(
  partial<JsonObject>({
    targetingKey: fc.oneof(
      fc.integer({ min: 0, max: 50 }).map((id) => `user-${id}`),
      fc.constant(''),
    ),
    country: fc.constantFrom('FR', 'fr', 'DE', 5, true),
    age: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('3')),
    device: fc.constantFrom<JsonObject | string>({ os: 'ios', version: '1.2.3' }, { os: null }, 'none'),
    groups: fc.array(scalars),
    ip: fc.constantFrom('10.1.2.3', '::1', 'x'),
  }) as fc.Arbitrary<JsonObject>,
  // Parsed, so that "__proto__" is an own key.
  fc
    .json()
    .map((text) => JSON.parse(`{"country":${text},"__proto__":{"age":1,"country":"FR"}}`) as JsonObject),
);

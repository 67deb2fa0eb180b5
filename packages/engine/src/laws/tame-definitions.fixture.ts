/**
 * Flags and segments that compile together, over all that the model has: a flag
 * refers to flags before it and to any segment, a segment to segments before it.
 */
import fc from 'fast-check';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import type {
  FlagConfigDefinition,
  FlagDefinition,
  FlagKind,
  HoldoutDefinition,
  JsonValue,
  RuleDefinition,
  SegmentDefinition,
  TargetDefinition,
  VariantDefinition,
  WindowDefinition,
} from '../model.ts';
import {
  attributeNames,
  contextKinds,
  overrides,
  tameConditions,
  tameMatches,
  tamePrerequisites,
  tameServes,
  variantKeys,
} from './tame-parts.fixture.ts';
import { FLAG_KEYS, INSTANTS, partial, SEGMENT_KEYS, texts, VARIANT_KEYS } from './vocabulary.fixture.ts';

/** As JSON text has them: -0 is written as 0. */
const writtenValues = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

const VALUES: Readonly<Record<FlagKind, fc.Arbitrary<JsonValue>>> = {
  FLAG_KIND_BOOLEAN: fc.boolean(),
  FLAG_KIND_STRING: texts,
  FLAG_KIND_NUMBER: fc.oneof(fc.integer(), fc.constantFrom(0.1, 1e21, -1.5e-7, 2 ** 53)),
  FLAG_KIND_OBJECT: fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), writtenValues, {
    maxKeys: 3,
  }) as fc.Arbitrary<JsonValue>,
  FLAG_KIND_ANY: fc.oneof(texts, fc.constantFrom<JsonValue>(null, [], [1, [null]], {}), writtenValues),
};

const flags: fc.Arbitrary<FlagDefinition> = fc
  .constantFrom(...(Object.keys(VALUES) as FlagKind[]))
  .chain((kind) => {
    const variant = (key: string): fc.Arbitrary<VariantDefinition> =>
      fc
        .tuple(
          VALUES[kind],
          partial<Pick<VariantDefinition, 'enabledOverride'>>({ enabledOverride: overrides }),
        )
        .map(([value, override]) => ({ key, value, ...override }));
    return fc.tuple(
      fc.constant({ kind }),
      fc.tuple(...VARIANT_KEYS.map(variant)).map((variants) => ({ variants })),
      partial<FlagDefinition>({
        offVariant: fc.oneof(variantKeys, fc.constant('')),
        clientVisible: fc.boolean(),
      }),
    );
  })
  .map(([kind, variants, rest]) => ({ ...kind, ...variants, ...rest }));

const windows: fc.Arbitrary<WindowDefinition> = fc
  .tuple(fc.subarray([...INSTANTS], { maxLength: 2 }), fc.boolean(), fc.boolean())
  .map(([instants, endInclusive, endFirst]) => {
    const [first, second] = instants;
    if (first === undefined) return { endInclusive };
    if (second !== undefined) return { start: first, end: second, endInclusive };
    return endFirst ? { end: first, endInclusive } : { start: first };
  });

const targets: fc.Arbitrary<TargetDefinition> = fc.record({
  variant: variantKeys,
  attribute: attributeNames,
  values: fc.array(fc.oneof(texts, fc.constantFrom('user-2', '5', 'true')), { minLength: 1, maxLength: 3 }),
  contextKind: contextKinds,
});

const holdouts: fc.Arbitrary<HoldoutDefinition> = fc.record({
  id: fc.constant('h'),
  subjects: tameMatches,
  variant: fc.oneof(variantKeys, fc.constant('')),
});

function rules(rank: number): fc.Arbitrary<RuleDefinition[]> {
  const rule = fc.tuple(
    fc.record({ serve: tameServes }),
    partial<RuleDefinition>({
      condition: tameConditions(rank, SEGMENT_KEYS.length),
      prerequisites: fc.array(tamePrerequisites(rank, { ofRule: true }), { maxLength: 1 }),
      window: windows,
    }),
  );
  return fc
    .array(rule, { maxLength: 3 })
    .map((given) => given.map(([serve, rest], index) => ({ id: `r${index}`, ...serve, ...rest })));
}

function configs(rank: number): fc.Arbitrary<FlagConfigDefinition> {
  return fc
    .tuple(
      fc.record({
        // Mostly on: a flag that is off has little to say.
        enabled: fc.integer({ min: 0, max: 4 }).map((number) => number > 0),
      }),
      partial<FlagConfigDefinition>({
        offVariant: variantKeys,
        prerequisites: fc.array(tamePrerequisites(rank, { ofRule: false }), { maxLength: 1 }),
        prerequisitesBeforeSwitch: fc.boolean(),
        targets: fc.array(targets, { maxLength: 2 }),
        holdouts: fc.array(holdouts, { maxLength: 1 }),
        rules: rules(rank),
        fallthrough: tameServes,
        jsonLogicDialect: fc.constantFrom('', 'flagd', 'flagd-fractional-v1', 'flagd-fractional-v3'),
      }),
    )
    .map(([enabled, rest]) => ({ ...enabled, ...rest }));
}

/** A flag that compiles beside the other tame flags and segments; `rank` is its place in FLAG_KEYS. */
export function tameFlags(rank: number): fc.Arbitrary<FlagUnit> {
  return fc.tuple(flags, configs(rank)).map(([flag, config]) => ({ key: FLAG_KEYS[rank]!, flag, config }));
}

/** A segment that compiles beside the other tame segments; `rank` is its place in SEGMENT_KEYS. */
export function tameSegments(rank: number): fc.Arbitrary<SegmentUnit> {
  const members = fc.array(fc.constantFrom('user-1', 'user-2', 'FR', '5'), { maxLength: 3 });
  return fc
    .record(
      {
        segment: partial<SegmentDefinition>({
          attribute: attributeNames,
          contextKind: contextKinds,
          included: members,
          excluded: members,
          includedFirst: fc.boolean(),
          condition: tameConditions(0, rank),
        }),
        extraIncluded: fc.array(members, { maxLength: 2 }),
        extraExcluded: fc.array(members, { maxLength: 1 }),
      },
      { requiredKeys: ['segment'] },
    )
    .map((unit) => ({ key: SEGMENT_KEYS[rank]!, ...unit }));
}

export interface Units {
  readonly flags: readonly FlagUnit[];
  readonly segments: readonly SegmentUnit[];
}

/** All keys of the vocabulary. */
export const tameSets: fc.Arbitrary<Units> = fc.record({
  flags: fc.tuple(...FLAG_KEYS.map((_, rank) => tameFlags(rank))),
  segments: fc.tuple(...SEGMENT_KEYS.map((_, rank) => tameSegments(rank))),
});

// The sets of flags and the contexts that the in-process figures are taken on.

import type {
  FlagConfigDefinition,
  FlagUnit,
  JsonObject,
  RuleDefinition,
  SegmentUnit,
} from '@flagstream/engine';

const COUNTRIES = ['DE', 'NL', 'FR', 'US'] as const;
const PLANS = ['free', 'team', 'business'] as const;

/** Half of the subjects. */
const HALF_SPLIT = { split: { entries: [entry('on', 50_000), entry('off', 50_000)] } } as const;

function entry(variant: string, weight: number): { readonly variant: string; readonly weight: number } {
  return { variant, weight };
}

function booleanFlag(key: string, config: FlagConfigDefinition): FlagUnit {
  return {
    key,
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      variants: [
        { key: 'on', value: true },
        { key: 'off', value: false },
      ],
      offVariant: 'off',
    },
    config: { enabled: true, ...config },
  };
}

function equalsRule(
  id: string,
  attribute: string,
  value: string,
  serve: RuleDefinition['serve'],
): RuleDefinition {
  return {
    id,
    condition: { compare: { attribute, operator: 'equals', values: [value] } },
    ...(serve === undefined ? {} : { serve }),
  };
}

/** On for everybody. */
export const PLAIN: FlagUnit = booleanFlag('plain', { fallthrough: { variant: 'on' } });

/** NL: half of the subjects; off for everybody else. */
export const RULE_AND_SPLIT: FlagUnit = booleanFlag('rule-and-split', {
  rules: [equalsRule('nl', 'country', 'NL', HALF_SPLIT)],
  fallthrough: { variant: 'off' },
});

/** 19 rules that match nobody, then one for NL. */
export const TWENTY_RULES: FlagUnit = booleanFlag('twenty-rules', {
  rules: [
    ...Array.from({ length: 19 }, (_, index) =>
      equalsRule(`city-${index}`, 'city', `city-${index}`, { variant: 'on' }),
    ),
    equalsRule('nl', 'country', 'NL', { variant: 'on' }),
  ],
  fallthrough: { variant: 'off' },
});

export const CHAIN_LENGTH = 8;

/** chain-0 asks chain-1 asks ... the last one, which is on for NL. */
export const PREREQUISITE_CHAIN: readonly FlagUnit[] = Array.from({ length: CHAIN_LENGTH }, (_, index) =>
  index === CHAIN_LENGTH - 1
    ? booleanFlag(`chain-${index}`, {
        rules: [equalsRule('nl', 'country', 'NL', { variant: 'on' })],
        fallthrough: { variant: 'off' },
      })
    : booleanFlag(`chain-${index}`, {
        prerequisites: [{ flag: `chain-${index + 1}`, variants: ['on'] }],
        fallthrough: { variant: 'on' },
      }),
);

export const SEGMENT_MEMBERS = 10_000;

/** Every second subject up to user-20000. */
export const MEMBERS: SegmentUnit = {
  key: 'members',
  segment: { included: Array.from({ length: SEGMENT_MEMBERS }, (_, index) => `user-${index * 2}`) },
};

export const SEGMENT_FLAG: FlagUnit = booleanFlag('segment', {
  rules: [{ id: 'members', condition: { segment: 'members' }, serve: { variant: 'on' } }],
  fallthrough: { variant: 'off' },
});

/** As a team's flags are: three rules each, the last of them a split. */
export function manyFlags(count: number): FlagUnit[] {
  return Array.from({ length: count }, (_, index) =>
    booleanFlag(`flag-${index}`, {
      rules: [
        equalsRule('staff', 'email', `staff-${index}@example.com`, { variant: 'on' }),
        equalsRule('plan', 'plan', PLANS[index % PLANS.length]!, { variant: 'on' }),
        equalsRule('country', 'country', COUNTRIES[index % COUNTRIES.length]!, HALF_SPLIT),
      ],
      fallthrough: { variant: 'off' },
    }),
  );
}

export const CONTEXTS_COUNT = 1_024;

/** Subjects with five attributes; every fourth lives in NL, and their numbers are odd and even alike. */
export const CONTEXTS: readonly JsonObject[] = Array.from({ length: CONTEXTS_COUNT }, (_, index) => ({
  targetingKey: `user-${index}`,
  country: COUNTRIES[(index >> 1) % COUNTRIES.length]!,
  plan: PLANS[index % PLANS.length]!,
  email: `user-${index}@example.com`,
  age: 18 + (index % 60),
}));

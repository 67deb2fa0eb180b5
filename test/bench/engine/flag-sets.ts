// The sets of flags and the contexts that the in-process figures are taken on.

import type {
  FlagConfigDefinition,
  FlagUnit,
  JsonObject,
  RuleDefinition,
  SegmentUnit,
} from '@flagstream/engine';

export const COUNTRIES = ['DE', 'NL', 'FR', 'US'] as const;
export const PLANS = ['free', 'team', 'business'] as const;

/** A serve that gives half of the subjects each variant. */
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

/** On for NL alone. */
export const ONE_RULE: FlagUnit = booleanFlag('one-rule', {
  rules: [equalsRule('nl', 'country', 'NL', { variant: 'on' })],
  fallthrough: { variant: 'off' },
});

/** Half of the subjects. */
export const SPLIT: FlagUnit = booleanFlag('split', { fallthrough: HALF_SPLIT });

/** On for those whose e-mail address ends in 7. */
export const REGEX: FlagUnit = booleanFlag('regex', {
  rules: [
    {
      id: 'seven',
      condition: {
        compare: { attribute: 'email', operator: 'matches', values: ['^user-[0-9]*7@example\\.com$'] },
      },
      serve: { variant: 'on' },
    },
  ],
  fallthrough: { variant: 'off' },
});

/** As flagd writes it: half of the subjects of three countries. */
export const JSON_LOGIC: FlagUnit = booleanFlag('json-logic', {
  rules: [
    {
      id: 'targeting',
      serve: {
        jsonLogic: {
          if: [
            { in: [{ var: 'country' }, ['DE', 'NL', 'FR']] },
            {
              fractional: [
                ['on', 50],
                ['off', 50],
              ],
            },
            'off',
          ],
        },
      },
    },
  ],
  fallthrough: { variant: 'off' },
});

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

export const CHAIN_LENGTH = 3;

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
    threeRules(index, PLANS[index % PLANS.length]!, COUNTRIES[index % COUNTRIES.length]!),
  );
}

/** One of the many flags as its n-th edit leaves it: other attributes, and for the first subject another answer. */
export function editedFlag(index: number, edit: number): FlagUnit {
  const unit = threeRules(index, `plan-${edit}`, `country-${edit}`);
  return { ...unit, config: { ...unit.config, fallthrough: { variant: edit % 2 === 0 ? 'on' : 'off' } } };
}

function threeRules(index: number, plan: string, country: string): FlagUnit {
  return booleanFlag(`flag-${index}`, {
    rules: [
      equalsRule('staff', 'email', `staff-${index}@example.com`, { variant: 'on' }),
      equalsRule('plan', 'plan', plan, { variant: 'on' }),
      equalsRule('country', 'country', country, HALF_SPLIT),
    ],
    fallthrough: { variant: 'off' },
  });
}

export const CONTEXTS_COUNT = 1_024;

export interface SubjectContext extends JsonObject {
  readonly targetingKey: string;
  readonly country: string;
  readonly plan: string;
  readonly email: string;
  readonly age: number;
}

/** Subjects with five attributes; every fourth lives in NL, and their numbers are odd and even alike. */
export const CONTEXTS: readonly SubjectContext[] = Array.from({ length: CONTEXTS_COUNT }, (_, index) => ({
  targetingKey: `user-${index}`,
  country: COUNTRIES[(index >> 1) % COUNTRIES.length]!,
  plan: PLANS[index % PLANS.length]!,
  email: `user-${index}@example.com`,
  age: 18 + (index % 60),
}));

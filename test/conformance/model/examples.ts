// One example for each thing that other flag systems need of the record's model: requirements R1 to R22 of the
// reference on peers' bucketing.

import type {
  FlagConfigDefinition,
  FlagDefinition,
  GateDefinition,
  SegmentDefinition,
} from '@flagstream/engine';

/** What examples use that say nothing about the flag itself. */
export const EXAMPLE_FLAG: FlagDefinition = {
  kind: 'FLAG_KIND_ANY',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
    { key: 'null', value: null },
  ],
  offVariant: 'off',
};
const WHOLE = [{ to: 100_000 }];
const SERVE_ON = { variant: 'on' };

export interface Example {
  readonly flag?: FlagDefinition;
  readonly config?: FlagConfigDefinition;
  readonly segment?: SegmentDefinition;
  /** Problems of the engine; none by default. */
  readonly problems?: readonly string[];
}

const gated = (gate: GateDefinition): FlagConfigDefinition => ({
  fallthrough: { split: { gate, entries: [{ variant: 'on', ranges: [{ to: 1 }] }] } },
});
const notBuilt = (...names: string[]): readonly string[] =>
  names.map((name) => `NOT_BUILT fallthrough.split.gate.${name}`);

export const EXAMPLES: readonly (readonly [requirement: string, system: string, example: Example])[] = [
  [
    'R1 a gate in a rule, in a segment and in a split',
    'native',
    {
      segment: { condition: { gate: { gate: { prefix: 'beta.' }, ranges: WHOLE } } },
      config: {
        rules: [{ id: 'r', condition: { gate: { ranges: WHOLE } }, serve: SERVE_ON }],
        fallthrough: {
          split: {
            entries: [{ variant: 'on', ranges: WHOLE, also: [{ gate: { suffix: '.x' }, ranges: WHOLE }] }],
          },
        },
      },
    },
  ],
  [
    'R1 several attributes joined',
    'Featurevisor',
    {
      config: gated({
        attributes: ['userId', 'companyId'],
        combine: 'GATE_COMBINE_JOIN_PRESENT',
        separator: '.',
        suffix: '.checkout',
        seed: 1,
      }),
    },
  ],
  [
    'R2 a hash family by name, with the bytes that it takes',
    'LaunchDarkly',
    {
      config: gated({ prefix: 'checkout.salt.', hash: 'sha1-60', normalizer: 'divide-60', buckets: 1 }),
      problems: notBuilt('hash', 'normalizer'),
    },
  ],
  [
    'R2 an encoding by name',
    'GrowthBook',
    {
      config: gated({ suffix: 'seed', hash: 'fnv1a-32', encoding: 'utf16' }),
      problems: notBuilt('encoding', 'hash'),
    },
  ],
  [
    'R3 remainders with an offset',
    'Unleash',
    {
      config: gated({
        prefix: 'group:',
        seed: 86_028_157,
        normalizer: 'remainder',
        buckets: 100,
        offset: 1,
        upperClosed: true,
      }),
      problems: notBuilt('normalizer'),
    },
  ],
  [
    'R4 bounds: closed, nobody at zero, closed at the full space',
    'Microsoft Feature Management',
    {
      config: gated({ prefix: 'x', buckets: 100, upperClosed: true, zeroIsNobody: true, fullIsClosed: true }),
    },
  ],
  [
    'R5 ranges of any double, with gaps and overlaps, and entries that gates hold alone',
    'Eppo',
    {
      config: {
        fallthrough: {
          split: {
            entries: [
              {
                variant: 'on',
                ranges: [
                  { from: 0.125, to: 33_333.333_333 },
                  { from: 20_000, to: 50_000 },
                ],
              },
              {
                variant: 'off',
                alsoAlone: true,
                also: [{ gate: { prefix: 'traffic-' }, ranges: WHOLE }],
              },
            ],
          },
        },
      },
    },
  ],
  [
    'R6 a split that misses serves null',
    'GrowthBook',
    {
      config: {
        fallthrough: {
          split: { entries: [{ variant: 'on', ranges: [{ to: 1 }] }] },
          onMiss: 'MISS_POLICY_VARIANT',
          missVariant: 'null',
        },
      },
    },
  ],
  [
    'R7 two stages with seeds of their own',
    'Bucketeer',
    {
      config: {
        fallthrough: {
          split: {
            traffic: [{ gate: { prefix: 'traffic-checkout-' }, ranges: [{ to: 20_000 }] }],
            entries: [{ variant: 'on', weight: 100_000 }],
          },
          onMiss: 'MISS_POLICY_VARIANT',
          missVariant: 'off',
        },
      },
    },
  ],
  [
    'R8 a chain of attributes, a kind of context, a text for the missing value',
    'DevCycle',
    {
      config: gated({
        attributes: ['bucketingKey', ''],
        contextKind: 'org',
        suffix: '_rollout',
        missing: 'GATE_MISSING_POLICY_TEXT',
        missingText: 'null',
      }),
    },
  ],
  [
    'R8 a text form by name',
    'LaunchDarkly',
    { config: gated({ prefix: 'x', stringify: 'integers-only' }), problems: notBuilt('stringify') },
  ],
  [
    'R8 a drawn number is refused',
    'Unleash',
    { config: gated({ prefix: 'x', missing: 'GATE_MISSING_POLICY_RANDOM' }), problems: notBuilt('missing') },
  ],
  [
    'R9 groups, the empty ones included',
    'GrowthBook',
    {
      segment: {
        condition: { all: { conditions: [{ any: {} }, { not: { any: { conditions: [{ all: {} }] } } }] } },
      },
    },
  ],
  [
    'R10 negation of a missing attribute, per condition',
    'Unleash',
    {
      segment: {
        condition: {
          compare: {
            attribute: 'a',
            operator: 'in',
            values: ['x'],
            negate: true,
            missing: 'MISSING_POLICY_NEGATE',
          },
        },
      },
    },
  ],
  [
    'R10 a third truth value is refused',
    'PostHog',
    {
      segment: {
        condition: {
          compare: { attribute: 'a', operator: 'equals', values: ['x'], missing: 'MISSING_POLICY_UNKNOWN' },
        },
      },
      problems: ['NOT_BUILT condition.compare.missing'],
    },
  ],
  [
    'R11 a dialect of operators by name',
    'ConfigCat',
    {
      segment: {
        condition: {
          compare: { attribute: 'Email', operator: 'numberGreater', values: ['1,5'], dialect: 'configcat' },
        },
      },
      problems: ['NOT_BUILT condition.compare.dialect'],
    },
  ],
  [
    'R12 hashed comparison values with their salts',
    'ConfigCat',
    {
      segment: {
        condition: {
          compare: {
            attribute: 'Email',
            operator: 'sensitiveIn',
            dialect: 'configcat',
            values: ['5d41402abc4b2a76b9719d911017c592'],
            salts: ['config-salt', 'setting-key'],
          },
        },
      },
      problems: ['NOT_BUILT condition.compare.dialect'],
    },
  ],
  [
    'R13 lists of a kind, in their own order, and a weighted rule',
    'LaunchDarkly',
    {
      segment: {
        contextKind: 'user',
        included: ['a'],
        excluded: ['a', 'b'],
        includedFirst: true,
        condition: { gate: { gate: { prefix: 'segment.salt.' }, ranges: [{ to: 10_000 }] } },
      },
    },
  ],
  [
    'R13 a segment that is not there',
    'Unleash',
    {
      config: {
        rules: [
          {
            id: 'r',
            condition: { segment: 'gone', missingSegment: 'MISSING_SEGMENT_POLICY_NO_MATCH' },
            serve: SERVE_ON,
          },
        ],
      },
    },
  ],
  [
    'R14 prerequisites by state, variant and value, with their outcomes',
    'GrowthBook, Unleash, ConfigCat',
    {
      config: {
        prerequisitesBeforeSwitch: true,
        prerequisites: [
          {
            flag: 'parent',
            state: 'PREREQUISITE_STATE_OFF',
            missingFlag: 'MISSING_FLAG_POLICY_FAIL',
            onFailure: 'PREREQUISITE_OUTCOME_VARIANT',
            failureVariant: 'null',
          },
        ],
        rules: [
          {
            id: 'r',
            prerequisites: [
              {
                flag: 'parent',
                missingFlag: 'MISSING_FLAG_POLICY_ERROR',
                value: { compare: { attribute: 'value', operator: 'notEquals', values: ['x'] } },
                onFailure: 'PREREQUISITE_OUTCOME_NEXT_RULE',
              },
            ],
            condition: {
              prerequisite: {
                flag: 'parent',
                state: 'PREREQUISITE_STATE_ANY',
                variants: ['a'],
                missingFlag: 'MISSING_FLAG_POLICY_FAIL',
              },
            },
            serve: SERVE_ON,
          },
        ],
      },
    },
  ],
  [
    'R15 individual targets per kind of context',
    'LaunchDarkly',
    { config: { targets: [{ variant: 'on', contextKind: 'org', values: ['acme'] }] } },
  ],
  [
    'R16 enabled apart from the value, by variant and by rule; endings without a value',
    'Flagsmith, Microsoft Feature Management',
    {
      flag: {
        ...EXAMPLE_FLAG,
        variants: [{ key: 'on', value: { payload: [1, null] }, enabledOverride: 'ENABLED_OVERRIDE_OFF' }],
        offVariant: '',
      },
      config: {
        rules: [
          { id: 'a', serve: { variant: 'on', enabledOverride: 'ENABLED_OVERRIDE_ON' } },
          { id: 'b', serve: { ending: 'ENDING_ERROR' } },
        ],
        fallthrough: { ending: 'ENDING_CODE_DEFAULT', enabledOverride: 'ENABLED_OVERRIDE_OFF' },
      },
    },
  ],
  [
    'R17 exclusion groups and holdouts',
    'Optimizely, Statsig',
    {
      config: {
        holdouts: [{ id: 'h', subjects: { group: 'company', ranges: [{ to: 5_000 }] }, variant: 'off' }],
        fallthrough: {
          split: {
            traffic: [{ group: 'layer', ranges: [{ from: 50_000, to: 100_000 }] }],
            entries: [{ variant: 'on', weight: 100_000 }],
          },
        },
      },
    },
  ],
  [
    'R18 windows with an included end, percentages as functions of time',
    'Eppo, DevCycle',
    {
      config: {
        rules: [
          {
            id: 'r',
            window: {
              start: '2026-01-01T00:00:00.000Z',
              end: '2026-02-01T00:00:00.000Z',
              endInclusive: true,
            },
            serve: {
              split: {
                traffic: [
                  {
                    gate: { suffix: '_rollout' },
                    ramp: {
                      curve: 'RAMP_CURVE_STEPPED',
                      steps: [
                        { time: '2026-01-01T00:00:00.000Z', to: 12.5 },
                        { time: '2026-01-08T00:00:00.000Z', to: 100_000 },
                      ],
                    },
                  },
                ],
                entries: [{ variant: 'on', weight: 100_000 }],
              },
            },
          },
        ],
      },
    },
  ],
  [
    'R19 remembered assignments are refused',
    'GrowthBook',
    {
      config: {
        fallthrough: {
          split: {
            sticky: { attribute: 'id', bucketVersion: 2, minBucketVersion: 1 },
            entries: [{ variant: 'on', weight: 100_000 }],
          },
        },
      },
      problems: ['NOT_BUILT fallthrough.split.sticky'],
    },
  ],
  [
    'R20 an expression that serves and one that tests',
    'flagd, GO Feature Flag',
    {
      config: {
        jsonLogicDialect: 'flagd-fractional-v3',
        rules: [
          {
            id: 'targeting',
            condition: { jsonLogic: { '==': [{ var: 'country' }, 'DE'] } },
            serve: {
              jsonLogic: {
                fractional: [
                  ['on', 50],
                  ['off', 50],
                ],
              },
            },
          },
        ],
      },
    },
  ],
  [
    'R21 provenance and metadata',
    'flagd',
    {
      flag: {
        ...EXAMPLE_FLAG,
        metadata: { flagSetId: 'shop', version: '7', weight: 1.5, old: true },
        provenance: { system: 'flagd', documentVersion: '7', dialects: ['flagd'], reference: 'flagd 0.16.1' },
      } as FlagDefinition,
    },
  ],
  ['R22 doubles in source order', 'Optimizely', { config: gated({ prefix: 'x', seed: 1, buckets: 10_000 }) }],
];

/**
 * The demo set: a small web shop, in proto JSON as ApplyChangeSet takes it.
 * Shows each kind of flag, a rollout, a segment, targets and a prerequisite.
 */
import type { FlagConfigDefinition, FlagDefinition, SegmentDefinition } from '@flagstream/engine';
import { environmentName, flagConfigName, flagName, projectName, segmentName } from '@flagstream/protocol';
import { Change } from '@flagstream/protocol/gen/flagstream/v1/admin';

const PRODUCTION = 'production';

interface DemoFlag {
  readonly key: string;
  readonly flag: FlagDefinition & {
    readonly displayName: string;
    readonly description: string;
    readonly owner: string;
    readonly lifecycle: 'LIFECYCLE_TEMPORARY' | 'LIFECYCLE_PERMANENT';
  };
  readonly development: FlagConfigDefinition;
  /** Absent: not switched on there yet. */
  readonly production?: FlagConfigDefinition;
}

const SEGMENTS: readonly { readonly key: string; readonly segment: SegmentDefinition & object }[] = [
  {
    key: 'beta-testers',
    segment: {
      displayName: 'Beta testers',
      description: 'Customers who asked to see new things first, and everybody at the shop itself.',
      tags: ['beta'],
      included: ['user-1001', 'user-1002', 'user-1003'],
      condition: { compare: { attribute: 'email', operator: 'endsWith', values: ['@shop.example'] } },
    } as SegmentDefinition,
  },
  {
    key: 'eu-customers',
    segment: {
      displayName: 'EU customers',
      description: 'Customers whose country is in the European Union (the larger markets).',
      tags: ['region'],
      condition: {
        compare: {
          attribute: 'country',
          operator: 'in',
          values: ['AT', 'BE', 'DE', 'ES', 'FR', 'IE', 'IT', 'NL', 'PL', 'PT', 'SE'],
        },
      },
    } as SegmentDefinition,
  },
];

const FLAGS: readonly DemoFlag[] = [
  {
    key: 'new-checkout',
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      displayName: 'New checkout',
      description: 'One-page checkout. Beta testers always have it, then a growing share of customers.',
      owner: 'checkout-team@shop.example',
      tags: ['checkout', 'rollout'],
      lifecycle: 'LIFECYCLE_TEMPORARY',
      clientVisible: true,
    },
    development: {
      enabled: true,
      rules: [
        {
          id: 'beta-testers',
          description: 'Beta testers see it first.',
          condition: { segment: 'beta-testers' },
          serve: { variant: 'on' },
        },
      ],
      fallthrough: {
        split: {
          entries: [
            { variant: 'on', weight: 20_000 },
            { variant: 'off', weight: 80_000 },
          ],
        },
      },
    },
    production: {
      enabled: true,
      rules: [{ id: 'beta-testers', condition: { segment: 'beta-testers' }, serve: { variant: 'on' } }],
      fallthrough: { variant: 'off' },
    },
  },
  {
    key: 'checkout-button-color',
    flag: {
      kind: 'FLAG_KIND_STRING',
      displayName: 'Checkout button colour',
      description: 'A/B test of the button that completes an order.',
      owner: 'growth-team@shop.example',
      tags: ['checkout', 'experiment'],
      lifecycle: 'LIFECYCLE_TEMPORARY',
      clientVisible: true,
      variants: [
        { key: 'control', value: '#1f6feb' },
        { key: 'green', value: '#2da44e' },
        { key: 'orange', value: '#fb8500' },
      ],
      offVariant: 'control',
    },
    development: {
      enabled: true,
      fallthrough: {
        split: {
          entries: [
            { variant: 'control', weight: 50_000 },
            { variant: 'green', weight: 25_000 },
            { variant: 'orange', weight: 25_000 },
          ],
        },
      },
    },
  },
  {
    key: 'search-ranking-model',
    flag: {
      kind: 'FLAG_KIND_STRING',
      displayName: 'Search ranking model',
      description: 'Version of the model that orders search results.',
      owner: 'search-team@shop.example',
      tags: ['search', 'model'],
      lifecycle: 'LIFECYCLE_PERMANENT',
      clientVisible: false,
      variants: [
        { key: 'v1', value: 'ranker-2026-02', description: 'Stable.' },
        { key: 'v2', value: 'ranker-2026-09', description: 'Candidate, better on long queries.' },
        { key: 'v3', value: 'ranker-2026-11-canary', description: 'Canary.' },
      ],
      offVariant: 'v1',
    },
    development: {
      enabled: true,
      targets: [{ variant: 'v3', values: ['user-1001'] }],
      fallthrough: {
        split: {
          entries: [
            { variant: 'v1', weight: 85_000 },
            { variant: 'v2', weight: 14_000 },
            { variant: 'v3', weight: 1_000 },
          ],
        },
      },
    },
    production: {
      enabled: true,
      fallthrough: {
        split: {
          entries: [
            { variant: 'v1', weight: 95_000 },
            { variant: 'v2', weight: 5_000 },
          ],
        },
      },
    },
  },
  {
    key: 'free-shipping-threshold',
    flag: {
      kind: 'FLAG_KIND_NUMBER',
      displayName: 'Free shipping threshold',
      description: 'Order value from which shipping is free, in the currency of the order.',
      owner: 'logistics@shop.example',
      tags: ['pricing'],
      lifecycle: 'LIFECYCLE_PERMANENT',
      clientVisible: true,
      variants: [
        { key: 'standard', value: 50 },
        { key: 'eu', value: 39.9 },
        { key: 'us', value: 35 },
      ],
      offVariant: 'standard',
    },
    development: {
      enabled: true,
      rules: [
        { id: 'eu', condition: { segment: 'eu-customers' }, serve: { variant: 'eu' } },
        {
          id: 'us',
          condition: { compare: { attribute: 'country', operator: 'equals', values: ['US'] } },
          serve: { variant: 'us' },
        },
      ],
      fallthrough: { variant: 'standard' },
    },
    production: { enabled: true, fallthrough: { variant: 'standard' } },
  },
  {
    key: 'promo-banner',
    flag: {
      kind: 'FLAG_KIND_OBJECT',
      displayName: 'Promotion banner',
      description: 'Banner above the shop. Shown only with the new checkout, which can take its code.',
      owner: 'marketing@shop.example',
      tags: ['marketing'],
      lifecycle: 'LIFECYCLE_TEMPORARY',
      clientVisible: true,
      variants: [
        { key: 'none', value: { show: false } },
        {
          key: 'winter',
          value: { show: true, title: 'Winter sale', code: 'WINTER15', discountPercent: 15 },
        },
      ],
      offVariant: 'none',
    },
    development: {
      enabled: true,
      prerequisites: [{ flag: 'new-checkout', variants: ['on'] }],
      fallthrough: { variant: 'winter' },
    },
  },
  {
    key: 'maintenance-mode',
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      displayName: 'Maintenance mode',
      description: 'Kill switch: the shop shows a maintenance page and takes no orders.',
      owner: 'operations@shop.example',
      tags: ['operations', 'kill-switch'],
      lifecycle: 'LIFECYCLE_PERMANENT',
      clientVisible: true,
    },
    development: { enabled: false, fallthrough: { variant: 'on' } },
    production: { enabled: false, fallthrough: { variant: 'on' } },
  },
  {
    key: 'recommendations',
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      displayName: 'Product recommendations',
      description: 'Recommendations on product pages, for app versions that can show them.',
      owner: 'search-team@shop.example',
      tags: ['search', 'mobile'],
      lifecycle: 'LIFECYCLE_TEMPORARY',
      clientVisible: true,
    },
    development: {
      enabled: true,
      rules: [
        {
          id: 'recent-apps',
          condition: {
            any: {
              conditions: [
                { compare: { attribute: 'platform', operator: 'equals', values: ['web'] } },
                { compare: { attribute: 'app.version', operator: 'semverGte', values: ['4.2.0'] } },
              ],
            },
          },
          serve: { variant: 'on' },
        },
      ],
      fallthrough: { variant: 'off' },
    },
  },
];

/** The whole set as changes of one project; `environment` gets the development configurations. */
export function demoChanges(project: string, environment: string): Change[] {
  const changes: object[] = [
    {
      environment: {
        name: environmentName(project, PRODUCTION),
        displayName: 'Production',
        description: 'What customers see. Changes need a comment.',
        protected: true,
      },
    },
    ...SEGMENTS.map(({ key, segment }) => ({ segment: { ...segment, name: segmentName(project, key) } })),
    ...FLAGS.map(({ key, flag }) => ({ flag: { ...flag, name: flagName(project, key) } })),
  ];
  for (const { key, development, production } of FLAGS) {
    changes.push({ flagConfig: { ...development, name: flagConfigName(project, environment, key) } });
    if (production !== undefined)
      changes.push({ flagConfig: { ...production, name: flagConfigName(project, PRODUCTION, key) } });
  }
  return changes.map((change) => Change.fromJSON(change));
}

/** The project and environment that callers have who name none. */
export function baseChanges(project: string, environment: string): Change[] {
  return [
    { project: { name: projectName(project), displayName: project === 'default' ? 'Default' : project } },
    {
      environment: {
        name: environmentName(project, environment),
        displayName: environment === 'development' ? 'Development' : environment,
      },
    },
  ].map((change) => Change.fromJSON(change));
}

// All that flagd's engines cannot be told exactly, by name: a construct that is no longer withheld, or newly is, has to be
// entered here.

import type { FlagConfigDefinition, FlagDefinition, FlagUnit } from '@flagstream/engine';
import { describe, expect, it } from 'vitest';
import { mergedMetadata } from './export-flag.ts';
import { FlagdExport } from './export-flagd.ts';
import { WITHHELD_CONSTRUCTS } from './withheld.ts';

const STRINGS: FlagDefinition = {
  kind: 'FLAG_KIND_STRING',
  variants: [
    { key: 'on', value: '1' },
    { key: 'off', value: '0' },
  ],
};

const compare = (comparison: object): FlagConfigDefinition => ({
  rules: [
    { id: 'r', condition: { compare: { attribute: 'country', ...comparison } }, serve: { variant: 'on' } },
  ],
});
const gated = (gate: object, rest: object = { ranges: [{ to: 5 }] }): FlagConfigDefinition => ({
  rules: [{ id: 'r', condition: { gate: { gate, ...rest } }, serve: { variant: 'on' } }],
});
const logic = (jsonLogic: never, dialect = ''): FlagConfigDefinition => ({
  jsonLogicDialect: dialect,
  rules: [{ id: 'r', serve: { jsonLogic } }],
});
const windowed = (window: object): FlagConfigDefinition => ({
  rules: [{ id: 'r', window, serve: { variant: 'on' } }],
});
const operator = (name: string, values: readonly string[]): FlagConfigDefinition =>
  compare({ operator: name, values });
const stepped = [
  { time: '2026-01-01T00:00:00Z', to: 1 },
  { time: '2026-01-02T00:00:00Z', to: 2 },
];
const many = Array.from({ length: 3_000 }, (_, index) => `a-subject-of-some-length-${index}`);

type Case = readonly [what: string, construct: string, config: FlagConfigDefinition, flag?: FlagDefinition];

const CASES: readonly Case[] = [
  [
    'an attribute with a dot, read as a literal key first',
    'attribute',
    compare({ attribute: 'device.os', operator: 'exists' }),
  ],
  ['the length of a list', 'attribute', compare({ attribute: '/groups/length', operator: 'exists' })],
  ['an index of a list', 'attribute', compare({ attribute: '/groups/0', operator: 'exists' })],
  ['what flagd itself provides', 'attribute', compare({ attribute: '/$flagd/flagKey', operator: 'exists' })],
  [
    'an attribute of one kind of context',
    'context-kind',
    compare({ operator: 'exists', contextKind: 'org' }),
  ],
  ['a regular expression', 'operator', operator('matches', ['^a'])],
  ['a block of addresses', 'operator', operator('inCidr', ['10.0.0.0/8'])],
  ['an instant in the context', 'operator', operator('before', ['2026-01-01T00:00:00Z'])],
  ['an instant in the context, after', 'operator', operator('after', ['2026-01-01T00:00:00Z'])],
  ...['semverEquals', 'semverLt', 'semverLte', 'semverGt', 'semverGte'].map(
    (name): Case => [`a version: ${name}`, 'operator', operator(name, ['1.2.3'])],
  ),
  ['the beginning of text beyond the basic plane', 'operator', operator('startsWith', ['𝄞'])],
  [
    'text whatever its case',
    'ignore-case',
    compare({ operator: 'equals', values: ['fr'], ignoreCase: true }),
  ],
  ['a gate with a seed', 'gate', gated({ seed: 7 })],
  ['a gate of more places than weights may have', 'gate', gated({ buckets: 2 ** 32 - 1 })],
  ['joined attributes', 'gate', gated({ attributes: ['a', 'b'], combine: 'GATE_COMBINE_JOIN_PRESENT' })],
  ['a condition that fails without a subject', 'gate', gated({ missing: 'GATE_MISSING_POLICY_ERROR' })],
  ['blanks at the ends of what is hashed', 'gate', gated({ suffix: ' ' })],
  ['a ramp that moves steadily', 'ramp', gated({}, { ramp: { steps: stepped } })],
  [
    'a ramp that steps within a second',
    'ramp',
    gated({}, { ramp: { steps: [{ time: '2026-01-01T00:00:00.5Z', to: 1 }] } }),
  ],
  ['a window that opens within a second', 'window', windowed({ start: '2026-01-01T00:00:00.5Z' })],
  ['a window whose end is included', 'window', windowed({ end: '2026-01-01T00:00:00Z', endInclusive: true })],
  ["an operator that flagd's schema does not have", 'json-logic', logic({ log: ['on'] } as never)],
  ['an operator with other operands than it has there', 'json-logic', logic({ '==': [1] } as never)],
  [
    'an expression that divides as another version of flagd',
    'split-bucketing',
    logic({ fractional: [['on', 1]] } as never, 'flagd-fractional-v1'),
  ],
  [
    'a segment that is not there, as an error',
    'missing-entity',
    {
      rules: [
        {
          id: 'r',
          condition: { segment: 's', missingSegment: 'MISSING_SEGMENT_POLICY_ERROR' },
          serve: { variant: 'on' },
        },
      ],
    },
  ],
  [
    'a prerequisite that computes its variant',
    'prerequisite',
    { prerequisites: [{ flag: 'computed', variants: ['on'] }] },
  ],
  [
    'a prerequisite that is withheld itself',
    'prerequisite',
    { prerequisites: [{ flag: 'withheld', variants: ['on'] }] },
  ],
  ['more than 64 KiB', 'size', { targets: [{ variant: 'on', values: many }] }],
  ['no variant', 'variants', {}, { kind: 'FLAG_KIND_STRING' }],
  [
    'a value that is null',
    'variant-value',
    {},
    { kind: 'FLAG_KIND_ANY', variants: [{ key: 'on', value: null }] },
  ],
  [
    'a value that is a list',
    'variant-value',
    {},
    { kind: 'FLAG_KIND_ANY', variants: [{ key: 'on', value: [] }] },
  ],
  [
    'values of several types',
    'variant-value',
    {},
    {
      kind: 'FLAG_KIND_ANY',
      variants: [
        { key: 'a', value: 1 },
        { key: 'b', value: 'b' },
      ],
    },
  ],
  [
    'a name that flagd writes otherwise, served to some',
    'variant-name',
    { targets: [{ variant: 'a<b', values: ['x'] }] },
    { kind: 'FLAG_KIND_STRING', variants: [{ key: 'a<b', value: '' }] },
  ],
];

const OTHERS: readonly FlagUnit[] = [
  { key: 'computed', flag: STRINGS, config: { enabled: true, ...logic({ var: 'country' } as never) } },
  { key: 'withheld', flag: STRINGS, config: { enabled: true, ...operator('matches', ['^a']) } },
];

function exportOf(units: readonly FlagUnit[]): FlagdExport {
  const exported = new FlagdExport();
  exported.update(
    {
      flag: (key) => units.find((each) => each.key === key),
      segment: () => undefined,
      flags: () => units,
    },
    undefined,
  );
  return exported;
}

it('a flag that is on and serves no variant stays on, and one that is off is off', () => {
  const sent = (enabled: boolean): unknown => {
    const exported = exportOf([{ key: 'f', flag: STRINGS, config: { enabled } }]).flags.get('f');
    return exported?.outcome === 'exported' ? JSON.parse(exported.json) : exported;
  };
  expect(sent(true)).toMatchObject({ state: 'ENABLED', defaultVariant: '' });
  expect(sent(false)).toMatchObject({ state: 'DISABLED', defaultVariant: '' });
});

it('metadata of the set is not hidden by what is empty', () => {
  const set = { flagSetId: 'shop/live' };
  expect(mergedMetadata(set, { flagSetId: '', team: '' })).toEqual({ flagSetId: 'shop/live', team: '' });
  expect([mergedMetadata(set, { flagSetId: 'own' }), mergedMetadata(set)]).toEqual([
    { flagSetId: 'own' },
    set,
  ]);
});

it('flags of the same key in other flag sets are written, or withheld, each by itself', () => {
  const named = (flagSetId: string, config: FlagConfigDefinition) => ({
    flag: { ...STRINGS, metadata: { flagSetId } },
    config: { enabled: true, ...config },
  });
  const namesakes = [
    named('b', { fallthrough: { variant: 'off' } }),
    named('c', operator('matches', ['^a'])),
  ];
  const unit = { key: 'f', ...named('a', { fallthrough: { variant: 'on' } }) };
  const exported = exportOf([{ ...unit, flag: { ...unit.flag, namesakes } }]);
  const sent = [exported.flags.get('f')!, ...exported.namesakesOf('f')].map((flag) =>
    flag.outcome === 'exported' ? (JSON.parse(flag.json) as object) : flag.construct,
  );
  expect(sent).toMatchObject([
    { defaultVariant: 'on', metadata: { flagSetId: 'a' } },
    { defaultVariant: 'off', metadata: { flagSetId: 'b' } },
    'operator',
  ]);
  expect(exported.withheld).toMatchObject([{ flagKey: 'f', construct: 'operator' }]);
});

describe('withheld is', () => {
  it.each(CASES.map(([what, construct, config, flag = STRINGS]) => ({ what, construct, config, flag })))(
    '$what: $construct',
    ({ construct, config, flag }) => {
      const unit: FlagUnit = { key: 'f', flag, config: { enabled: true, ...config } };
      const exported = exportOf([unit, ...OTHERS]);
      expect(exported.flags.get('f')).toMatchObject({ outcome: 'withheld', flagKey: 'f', construct });
    },
  );

  it('nothing else', () => {
    expect([...new Set(CASES.map(([, construct]) => construct))].sort()).toEqual([...WITHHELD_CONSTRUCTS]);
  });
});

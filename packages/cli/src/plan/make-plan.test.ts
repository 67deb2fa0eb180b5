import { flagConfigName, flagName, segmentName } from '@flagstream/protocol';
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { loadDocuments } from '../document/load-documents.ts';
import { fieldPaths } from './field-paths.ts';
import { makePlan, type PlannedChange } from './make-plan.ts';
import type { ProjectState } from './project-state.ts';

/** What the control plane writes out of a gate that says nothing of it. */
const NATIVE = { hash: 'murmur3-x86-32', encoding: 'utf8', normalizer: 'multiply-shift', buckets: 100_000 };

const SPLIT = {
  gate: { prefix: 'checkout.', ...NATIVE },
  entries: [
    { variant: 'on', weight: 10_000, ranges: [{ to: 10_000 }] },
    { variant: 'off', weight: 90_000, ranges: [{ from: 10_000, to: 100_000 }] },
  ],
};

/** As the control plane answers it. */
const CURRENT: ProjectState = {
  exists: true,
  environments: new Map([
    ['production', Environment.fromJSON({ name: 'projects/shop/environments/production', etag: '1' })],
  ]),
  segments: new Map([
    [
      'staff',
      Segment.fromJSON({ name: segmentName('shop', 'staff'), included: ['u1'], memberCount: '1', etag: '2' }),
    ],
  ]),
  flags: new Map([
    [
      'checkout',
      Flag.fromJSON({
        name: flagName('shop', 'checkout'),
        kind: 'FLAG_KIND_BOOLEAN',
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
        etag: '3',
        createTime: '2026-01-01T00:00:00Z',
      }),
    ],
  ]),
  configs: new Map([
    [
      'checkout',
      new Map([
        [
          'production',
          FlagConfig.fromJSON({
            name: flagConfigName('shop', 'production', 'checkout'),
            enabled: true,
            rules: [{ id: 'rule-1', serve: { variant: 'on' } }],
            fallthrough: { split: SPLIT },
            etag: '4',
          }),
        ],
      ]),
    ],
  ]),
};

function plan(text: string, options: { prune?: boolean; current?: ProjectState } = {}): PlannedChange[] {
  const { set } = loadDocuments([{ file: 'f', text: `format: flagstream/v1\n${text}` }], 'shop');
  return makePlan(options.current ?? CURRENT, set, { project: 'shop', prune: options.prune ?? false });
}

function shortly(changes: readonly PlannedChange[]): unknown[] {
  return changes.map(({ action, label, fields }) => [action, label, ...fields]);
}

const CHECKOUT = '{ name: checkout, kind: FLAG_KIND_BOOLEAN }';
const config = (on: number, off: number, enabled = true): string =>
  `{ production: { enabled: ${enabled}, rules: [{ serve: { variant: on } }], fallthrough: { split: { entries: [{ variant: on, weight: ${on} }, { variant: off, weight: ${off} }] } } } }`;

describe('makePlan', () => {
  it('finds nothing to do where only what the server fills in differs', () => {
    expect(plan(`flags: [{ flag: ${CHECKOUT}, configs: ${config(10_000, 90_000)} }]`)).toEqual([]);
    expect(plan('segments: [{ name: staff, included: [u1] }]\nenvironments: [{ name: production }]')).toEqual(
      [],
    );
  });

  it('names the fields that a person has changed, and sends the etag that was read', () => {
    const changes = plan(`flags: [{ flag: ${CHECKOUT}, configs: ${config(20_000, 80_000, false)} }]`);
    expect(shortly(changes)).toEqual([
      [
        ChangeAction.UPDATE,
        'flag checkout in production',
        'enabled',
        'fallthrough.split.entries[0].weight',
        'fallthrough.split.entries[1].weight',
      ],
    ]);
    expect(changes[0]?.change.change).toMatchObject({
      $case: 'flagConfig',
      value: { etag: '4', enabled: false },
    });
  });

  it('compares ranges when the file has some', () => {
    const entries =
      '[{ variant: on, ranges: [{ to: 20000 }] }, { variant: off, ranges: [{ from: 20000, to: 100000 }] }]';
    const changes = plan(
      `flags: [{ flag: ${CHECKOUT}, configs: { production: { enabled: true, rules: [{ id: rule-1, serve: { variant: on } }], fallthrough: { split: { entries: ${entries} } } } } }]`,
    );
    expect(changes[0]?.fields).toEqual([
      'fallthrough.split.entries[0].ranges[0].to',
      'fallthrough.split.entries[1].ranges[0].from',
    ]);
  });

  it('sees no gate that the control plane has completed, and each that is another one', () => {
    const own = (prefix: string): object => ({ gate: { prefix, ...NATIVE }, ranges: [{ to: 5_000 }] });
    const stored = (held: object, tested: object): ProjectState => ({
      ...CURRENT,
      segments: new Map([
        ['staff', Segment.fromJSON({ condition: { gate: own('staff.condition.') }, included: ['u1'] })],
      ]),
      configs: new Map([
        [
          'checkout',
          new Map([
            [
              'production',
              FlagConfig.fromJSON({
                holdouts: [{ id: 'h', subjects: { ...held, group: 'g' } }],
                rules: [{ id: 'r', condition: { not: { gate: tested } }, serve: { variant: 'on' } }],
              }),
            ],
          ]),
        ],
      ]),
    });
    const text = `
segments: [{ name: staff, included: [u1, u2], condition: { gate: { ranges: [{ to: 5000 }] } } }]
flags:
  - flag: ${CHECKOUT}
    configs:
      production:
        enabled: true
        holdouts: [{ id: h, subjects: { group: g, ranges: [{ to: 5000 }] } }]
        rules: [{ id: r, condition: { not: { gate: { ranges: [{ to: 5000 }] } } }, serve: { variant: 'on' } }]`;
    const fields = (state: ProjectState): (readonly string[])[] =>
      plan(text, { current: state }).map((change) => change.fields);
    expect(fields(stored(own('group/g.'), own('checkout.condition.')))).toEqual([['included'], ['enabled']]);
    expect(fields(stored(own('mine.'), own('checkout.condition.')))).toEqual([
      ['included'],
      ['holdouts[0].subjects.gate', 'enabled'],
    ]);
  });

  it('orders what is named before what names it, and archives last', () => {
    const text = `
flags: [{ flag: { name: new, kind: FLAG_KIND_BOOLEAN }, configs: { staging: { enabled: true } } }]
segments: [{ name: testers }]
environments: [{ name: staging }]`;
    expect(shortly(plan(text, { prune: true }))).toEqual([
      [ChangeAction.CREATE, 'environment staging'],
      [ChangeAction.CREATE, 'segment testers'],
      [ChangeAction.CREATE, 'flag new'],
      [ChangeAction.CREATE, 'flag new in staging', 'enabled'],
      [ChangeAction.ARCHIVE, 'flag checkout'],
      [ChangeAction.ARCHIVE, 'segment staff'],
    ]);
    expect(shortly(plan(text)).length).toBe(4);
  });

  it('creates the project where there is none, and sends names of this project', () => {
    const current = {
      ...CURRENT,
      exists: false,
      flags: new Map(),
      segments: new Map(),
      environments: new Map(),
      configs: new Map(),
    };
    const changes = plan(`flags: [{ flag: ${CHECKOUT} }]`, { current });
    expect(changes.map(({ name }) => name)).toEqual(['projects/shop', 'projects/shop/flags/checkout']);
    expect(changes[1]?.change.change).toMatchObject({
      value: { name: 'projects/shop/flags/checkout', etag: '' },
    });
  });

  it('leaves out configurations that say what nobody has written', () => {
    expect(
      plan('flags: [{ flag: { name: checkout, kind: FLAG_KIND_BOOLEAN }, configs: { staging: {} } }]'),
    ).toEqual([]);
  });
});

describe('fieldPaths', () => {
  it('names leaves, and lists as a whole when their length differs', () => {
    expect(fieldPaths({ a: { b: 1, c: [1, 2] } }, { a: { b: 2, c: [1, 3] } })).toEqual(['a.b', 'a.c[1]']);
    expect(fieldPaths({ a: [1] }, { a: [1, 2] })).toEqual(['a']);
    expect(fieldPaths({ a: 1 }, {})).toEqual(['a']);
    expect(fieldPaths({ a: null }, { a: null })).toEqual([]);
    expect(fieldPaths(undefined, { a: 1 })).toEqual(['']);
  });
});

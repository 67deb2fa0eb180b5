import { describe, expect, test } from 'vitest';
import { ruleConfig, SWITCH, weighted } from '../definitions.fixture.ts';
import type {
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  JsonObject,
  JsonValue,
  RuleDefinition,
} from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

type Found = readonly [code: string, entity: string, path: string];

function problemsOf(flag: FlagDefinition, config?: FlagConfigDefinition): Found[] {
  const { set, problems } = compileSet([{ key: 'f', flag, ...(config && { config }) }], []);
  expect(set.has('f')).toBe(problems.length === 0);
  return problems.map((problem) => [problem.code, problem.entity, problem.path]);
}

function withValue(kind: FlagDefinition['kind'], value: JsonValue | undefined): FlagDefinition {
  return { ...(kind && { kind }), variants: [{ key: 'v', ...(value !== undefined && { value }) }] };
}

function nested(depth: number): JsonValue {
  let value: JsonValue = {};
  for (let i = 1; i < depth; i += 1) value = { value };
  return value;
}

describe('a flag', () => {
  test.each<[FlagDefinition, Found[]]>([
    [SWITCH, []],
    [withValue('FLAG_KIND_STRING', ''), []],
    [withValue('FLAG_KIND_NUMBER', 0), []],
    [withValue('FLAG_KIND_OBJECT', {}), []],
    [withValue('FLAG_KIND_OBJECT', nested(32)), []],
    [{ kind: 'FLAG_KIND_BOOLEAN' }, []],
    [withValue(undefined, true), [['MISSING_FIELD', 'flag', 'kind']]],
    [withValue('FLAG_KIND_BOOLEAN', undefined), [['MISSING_FIELD', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_BOOLEAN', 'true'), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_STRING', 1), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_NUMBER', '1'), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_NUMBER', Number.NaN), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_OBJECT', { a: [Number.NaN] }), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_OBJECT', []), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_OBJECT', null), [['TYPE_MISMATCH', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_OBJECT', nested(33)), [['LIMIT_EXCEEDED', 'flag', 'variants[0].value']]],
    [withValue('FLAG_KIND_STRING', 'x'.repeat(65_536)), [['LIMIT_EXCEEDED', 'flag', 'variants[0].value']]],
    [
      {
        kind: 'FLAG_KIND_NUMBER',
        variants: [
          { key: 'a', value: 1 },
          { key: 'a', value: 2 },
        ],
      },
      [['DUPLICATE_VARIANT', 'flag', 'variants[1].key']],
    ],
    [
      { kind: 'FLAG_KIND_NUMBER', variants: [{ key: '', value: 1 }] },
      [['MISSING_FIELD', 'flag', 'variants[0].key']],
    ],
    [{ ...SWITCH, offVariant: 'none' }, [['UNKNOWN_VARIANT', 'flag', 'offVariant']]],
    [
      {
        kind: 'FLAG_KIND_NUMBER',
        variants: Array.from({ length: 251 }, (_, value) => ({ key: `v${value}`, value })),
      },
      [['LIMIT_EXCEEDED', 'flag', 'variants']],
    ],
  ])('%j: %j', (flag, found) => {
    expect(problemsOf(flag)).toEqual(found);
  });
});

describe('a flag in an environment', () => {
  const serve = { variant: 'on' };
  const rule = (fields: Partial<RuleDefinition>): FlagConfigDefinition => ({
    rules: [{ id: 'r', serve, ...fields }],
  });
  const config = (code: string, path: string): Found => [code, 'flagConfig', path];
  test.each<[FlagConfigDefinition, Found[]]>([
    [{}, []],
    [{ offVariant: 'none' }, [config('UNKNOWN_VARIANT', 'offVariant')]],
    [{ fallthrough: {} }, [config('MISSING_FIELD', 'fallthrough')]],
    [{ fallthrough: { variant: 'none' } }, [config('UNKNOWN_VARIANT', 'fallthrough.variant')]],
    [
      { fallthrough: { variant: 'on', split: weighted({ on: 100_000 }) } },
      [config('BAD_OUTCOME', 'fallthrough')],
    ],
    [{ fallthrough: { split: {} } }, [config('MISSING_FIELD', 'fallthrough.split.entries')]],
    [{ fallthrough: { split: weighted({ on: 1 }) } }, [config('BAD_WEIGHTS', 'fallthrough.split.entries')]],
    [
      { fallthrough: { split: weighted({ no: 100_000 }) } },
      [config('UNKNOWN_VARIANT', 'fallthrough.split.entries[0].variant')],
    ],
    [
      { fallthrough: { split: weighted({ on: 100_000 }), onMiss: 'MISS_POLICY_VARIANT' } },
      [config('MISSING_FIELD', 'fallthrough.missVariant')],
    ],
    [
      { fallthrough: { split: { entries: [{ variant: 'on', ranges: [{ to: 100_001 }] }] } } },
      [config('BAD_RANGE', 'fallthrough.split.entries[0].ranges[0]')],
    ],
    [
      { fallthrough: { split: { ...weighted({ on: 100_000 }), gate: { hash: 'md5' } } } },
      [config('NOT_BUILT', 'fallthrough.split.gate.hash')],
    ],
    [
      { fallthrough: { split: { ...weighted({ on: 100_000 }), traffic: [{}] } } },
      [config('MISSING_FIELD', 'fallthrough.split.traffic[0].ranges')],
    ],
    [
      {
        fallthrough: {
          split: {
            entries: [0, 1, 2].map(() => ({
              variant: 'on',
              ranges: new Array<object>(700).fill({ from: 0, to: 1 }),
            })),
          },
        },
      },
      [config('LIMIT_EXCEEDED', 'fallthrough.split.entries')],
    ],
    [{ targets: [{ variant: 'no', values: ['a'] }] }, [config('UNKNOWN_VARIANT', 'targets[0].variant')]],
    [{ targets: [{ variant: 'on' }] }, [config('MISSING_FIELD', 'targets[0].values')]],
    [
      { targets: [{ variant: 'on', values: ['a'], attribute: 'a.prototype' }] },
      [config('BAD_ATTRIBUTE', 'targets[0].attribute')],
    ],
    [
      { targets: [{ variant: 'on', values: new Array<string>(10_001).fill('a') }] },
      [config('LIMIT_EXCEEDED', 'targets[0].values')],
    ],
    [rule({ id: '' }), [config('MISSING_FIELD', 'rules[0].id')]],
    [{ rules: [{ id: 'r' }] }, [config('MISSING_FIELD', 'rules[0].serve')]],
    [
      {
        rules: [
          { id: 'r', serve },
          { id: 'r', serve },
        ],
      },
      [config('DUPLICATE_RULE_ID', 'rules[1].id')],
    ],
    [rule({ window: { start: 'soon' } }), [config('BAD_WINDOW', 'rules[0].window.start')]],
    [
      rule({ window: { start: '2026-01-02T00:00:00Z', end: '2026-01-02T00:00:00Z' } }),
      [config('BAD_WINDOW', 'rules[0].window')],
    ],
    [rule({ condition: {} }), [config('BAD_CONDITION', 'rules[0].condition')]],
    [
      rule({ condition: { segment: 's', not: { segment: 's' } } }),
      [config('BAD_CONDITION', 'rules[0].condition')],
    ],
    [rule({ condition: { segment: '' } }), [config('MISSING_FIELD', 'rules[0].condition.segment')]],
    [{ jsonLogicDialect: 'other' }, [config('NOT_BUILT', 'jsonLogicDialect')]],
    [
      rule({ condition: { all: { conditions: [{ any: {} }, { not: { compare: {} } }] } } }),
      [config('MISSING_FIELD', 'rules[0].condition.all.conditions[1].not.compare.operator')],
    ],
    [
      rule({ prerequisites: [{ variants: ['on'] }] }),
      [config('MISSING_FIELD', 'rules[0].prerequisites[0].flag')],
    ],
    [
      { prerequisites: [{ flag: 'other', onFailure: 'PREREQUISITE_OUTCOME_NEXT_RULE' }] },
      [
        config('UNKNOWN_FLAG', 'prerequisites[0].flag'),
        config('BAD_OUTCOME', 'prerequisites[0].onFailure'),
        config('MISSING_FIELD', 'prerequisites[0].variants'),
      ],
    ],
    [
      rule({
        condition: { prerequisite: { flag: 'f', variants: ['on'], onFailure: 'PREREQUISITE_OUTCOME_ERROR' } },
      }),
      [
        config('PREREQUISITE_CYCLE', 'rules[0].condition.prerequisite.flag'),
        config('BAD_OUTCOME', 'rules[0].condition.prerequisite.onFailure'),
      ],
    ],
    [
      { rules: Array.from({ length: 501 }, (_, index) => ({ id: `r${index}`, serve })) },
      [config('LIMIT_EXCEEDED', 'rules')],
    ],
  ])('%j: %j', (environment, found) => {
    const order = (a: Found, b: Found): number => (a[2] < b[2] ? -1 : 1);
    expect(problemsOf(SWITCH, environment).sort(order)).toEqual([...found].sort(order));
  });

  test('reports every problem of a flag at once', () => {
    const config: FlagConfigDefinition = {
      offVariant: 'none',
      rules: [{ id: 'r', serve: { variant: 'none' }, condition: { compare: { operator: 'like' } } }],
      fallthrough: { split: weighted({ on: 3 }) },
    };
    expect(
      problemsOf({ ...SWITCH, offVariant: 'none' }, config)
        .map(([, entity, path]) => `${entity} ${path}`)
        .sort(),
    ).toEqual([
      'flag offVariant',
      'flagConfig fallthrough.split.entries',
      'flagConfig offVariant',
      'flagConfig rules[0].condition.compare.operator',
      'flagConfig rules[0].serve.variant',
    ]);
  });

  const leaf: ConditionDefinition = { compare: { attribute: 'x', operator: 'exists' } };
  const deep = (levels: number): ConditionDefinition => (levels === 1 ? leaf : { not: deep(levels - 1) });
  const wide = (leaves: number): ConditionDefinition => ({
    all: { conditions: new Array<ConditionDefinition>(leaves).fill(leaf) },
  });

  test('takes 20 levels and 1000 conditions, not more', () => {
    expect(problemsOf(SWITCH, ruleConfig(deep(20)))).toEqual([]);
    expect(problemsOf(SWITCH, ruleConfig(deep(21))).map(([code]) => code)).toEqual(['LIMIT_EXCEEDED']);
    expect(problemsOf(SWITCH, ruleConfig(deep(100_000 / 20))).map(([code]) => code)).toEqual([
      'LIMIT_EXCEEDED',
    ]);
    expect(problemsOf(SWITCH, ruleConfig(wide(999)))).toEqual([]);
    expect(problemsOf(SWITCH, ruleConfig(wide(1_000))).map(([code]) => code)).toEqual(['LIMIT_EXCEEDED']);
  });

  test('takes no more work than an evaluation may do', () => {
    const texts = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    const search: ConditionDefinition = { compare: { attribute: 'x', operator: 'contains', values: texts } };
    expect(
      problemsOf(SWITCH, ruleConfig({ all: { conditions: new Array<ConditionDefinition>(9).fill(search) } })),
    ).toEqual([]);
    expect(
      problemsOf(
        SWITCH,
        ruleConfig({ all: { conditions: new Array<ConditionDefinition>(10).fill(search) } }),
      ),
    ).toEqual([config('LIMIT_EXCEEDED', '')]);
  });

  test('without the shape of one is reported and takes no other down', () => {
    const broken = { kind: 'FLAG_KIND_BOOLEAN', variants: 5 } as unknown as FlagDefinition;
    const { set, problems } = compileSet(
      [
        { key: 'broken', flag: broken },
        { key: 'fine', flag: SWITCH },
      ],
      [],
    );
    expect(problems.map(({ code, key }) => [code, key])).toEqual([['MALFORMED', 'broken']]);
    expect(set.flagKeys()).toEqual(['fine']);
  });
});

describe('namesakes', () => {
  const named = (value: string): FlagDefinition => ({
    kind: 'FLAG_KIND_STRING',
    variants: [{ key: 'v', value }],
    metadata: { flagSetId: value },
    provenance: { source: `${value}.json` },
  });
  const config: FlagConfigDefinition = { enabled: true, fallthrough: { variant: 'v' } };

  test('answer by themselves, in order, and change no answer of the flag before them', () => {
    const namesakes = ['b', 'c'].map((value) => ({ flag: named(value), config }));
    const { set, problems } = compileSet([{ key: 'f', flag: { ...named('a'), namesakes }, config }], []);
    expect(problems).toEqual([]);
    expect(set.evaluate('f', {}, 0)).toMatchObject({ flagKey: 'f', value: 'a' });
    expect(
      set.namesakesOf('f').map((one) => [one.metadata, one.source, one.kind, one.evaluate({}, 0)]),
    ).toMatchObject([
      [{ flagSetId: 'b' }, 'b.json', 'FLAG_KIND_STRING', { flagKey: 'f', value: 'b' }],
      [{ flagSetId: 'c' }, 'c.json', 'FLAG_KIND_STRING', { flagKey: 'f', value: 'c' }],
    ]);
    expect(set.namesakesOf('f')[0]!.evaluate([] as never, 0)).toMatchObject({ errorCode: 'INVALID_CONTEXT' });
    expect([set.namesakesOf('none'), set.flagKeys()]).toEqual([[], ['f']]);
  });

  test('change by time as others do, also behind a flag that is off', () => {
    const startMs = Date.parse('2026-01-01T00:00:00Z');
    const rule = { id: 'r', window: { start: '2026-01-01T00:00:00Z' }, serve: { variant: 'v' } };
    const namesakes = [{ flag: named('b'), config: { enabled: true, rules: [rule] } }];
    for (const enabled of [true, false]) {
      const unit = { key: 'f', flag: { ...named('a'), namesakes }, config: { ...config, enabled } };
      const { set } = compileSet([unit], []);
      expect(set.nextTransition(startMs - 1)).toBe(startMs);
      const answers = [startMs - 1, startMs].map(
        (nowMs) => set.namesakesOf('f')[0]!.evaluate({}, nowMs).value,
      );
      expect(answers).toEqual([undefined, 'b']);
    }
  });

  test('have no problems of their own, refer to nothing and have none', () => {
    const ruled = (rule: object): FlagConfigDefinition => ({
      ...config,
      rules: [{ id: 'r', serve: { variant: 'v' }, ...rule }],
    });
    const namesakes = [
      { flag: withValue('FLAG_KIND_BOOLEAN', 1), config },
      { flag: named('b'), config: ruled({ condition: { segment: 's' } }) },
      { flag: { ...named('b'), namesakes: [{ flag: named('c') }] } },
      {},
    ];
    expect(problemsOf({ ...named('a'), namesakes }, config)).toEqual([
      ['TYPE_MISMATCH', 'flag', 'namesakes[0].flag.variants[0].value'],
      ['BAD_NAMESAKE', 'flag', 'namesakes[1]'],
      ['BAD_NAMESAKE', 'flag', 'namesakes[2].flag.namesakes'],
      ['MISSING_FIELD', 'flag', 'namesakes[3].flag.kind'],
    ]);
  });
});

describe('metadata', () => {
  test.each<[JsonObject, string[][]]>([
    [{ team: 'growth', tier: 1, sunset: true }, []],
    [{ owner: { name: 'x' } }, [['BAD_METADATA', 'metadata.owner']]],
    [
      { list: [1], nothing: null },
      [
        ['BAD_METADATA', 'metadata.list'],
        ['BAD_METADATA', 'metadata.nothing'],
      ],
    ],
    [{ long: 'x'.repeat(8_192) }, [['LIMIT_EXCEEDED', 'metadata']]],
    [
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])),
      [['LIMIT_EXCEEDED', 'metadata']],
    ],
  ])('%j', (metadata, expected) => {
    const { problems } = compileSet([{ key: 'f', flag: { ...SWITCH, metadata } }], []);
    expect(problems.map(({ code, path }) => [code, path])).toEqual(expected);
  });
});

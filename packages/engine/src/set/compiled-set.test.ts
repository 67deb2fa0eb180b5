import { describe, expect, test } from 'vitest';
import { ruleConfig, SWITCH, setOf, switchUnit, weighted } from '../definitions.fixture.ts';
import type { Evaluation } from '../evaluation.ts';
import type {
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  JsonObject,
  PrerequisiteDefinition,
  SegmentDefinition,
} from '../model.ts';

const COLOUR: FlagDefinition = {
  kind: 'FLAG_KIND_STRING',
  variants: ['red', 'green', 'blue', 'grey'].map((key) => ({ key, value: key.toUpperCase() })),
  offVariant: 'grey',
};
const EVERYBODY: ConditionDefinition = { all: {} };
const NOBODY: ConditionDefinition = { any: {} };

function evaluate(
  config: FlagConfigDefinition,
  context: JsonObject = { targetingKey: 'u' },
  nowMs = 0,
): Evaluation {
  return setOf([{ key: 'colour', flag: COLOUR, config }]).evaluate('colour', context, nowMs);
}

/** Variant, reason and rule of an answer. */
function short({ variant, reason, ruleId }: Evaluation): (string | undefined)[] {
  return ruleId === '' ? [variant, reason] : [variant, reason, ruleId];
}

describe('what a flag answers', () => {
  const rule = { id: 'r', condition: EVERYBODY, serve: { variant: 'red' } };
  const late = { id: 'late', serve: { variant: 'blue' } };
  test.each<[string, FlagConfigDefinition, (string | undefined)[]]>([
    ['off', { enabled: false, rules: [rule], fallthrough: { variant: 'red' } }, ['grey', 'DISABLED']],
    ['off, with an off variant of the environment', { offVariant: 'blue' }, ['blue', 'DISABLED']],
    ['on, with nothing else', { enabled: true }, [undefined, 'DEFAULT']],
    ['on, with a plain variant', { enabled: true, fallthrough: { variant: 'green' } }, ['green', 'STATIC']],
    [
      'a rule that matches',
      { enabled: true, rules: [rule], fallthrough: { variant: 'green' } },
      ['red', 'TARGETING_MATCH', 'r'],
    ],
    ['the first rule that matches', { enabled: true, rules: [rule, late] }, ['red', 'TARGETING_MATCH', 'r']],
    [
      'a rule without condition',
      { enabled: true, rules: [{ ...rule, condition: NOBODY }, late] },
      ['blue', 'TARGETING_MATCH', 'late'],
    ],
    [
      'the fallthrough behind rules',
      { enabled: true, rules: [{ ...rule, condition: NOBODY }], fallthrough: { variant: 'green' } },
      ['green', 'DEFAULT'],
    ],
    [
      'no fallthrough behind rules',
      { enabled: true, rules: [{ ...rule, condition: NOBODY }] },
      [undefined, 'DEFAULT'],
    ],
    [
      'the fallthrough behind targets',
      { enabled: true, targets: [{ variant: 'red', values: ['x'] }], fallthrough: { variant: 'green' } },
      ['green', 'DEFAULT'],
    ],
    [
      'a target',
      { enabled: true, targets: [{ variant: 'blue', values: ['u'] }], rules: [rule] },
      ['blue', 'TARGETING_MATCH'],
    ],
    [
      'a split in the fallthrough',
      { enabled: true, fallthrough: { split: weighted({ red: 100_000 }) } },
      ['red', 'SPLIT'],
    ],
    [
      'a split in a rule',
      { enabled: true, rules: [{ ...rule, serve: { split: weighted({ blue: 100_000 }) } }] },
      ['blue', 'SPLIT', 'r'],
    ],
  ])('%s', (_, config, answer) => {
    expect(short(evaluate(config))).toEqual(answer);
  });

  test('carries value, kind and switch, is frozen, and is the same object each time', () => {
    const config = { enabled: true, rules: [rule] };
    const set = setOf([{ key: 'colour', flag: COLOUR, config }]);
    const answer = set.evaluate('colour', {}, 0);
    expect(answer).toEqual({
      flagKey: 'colour',
      value: 'RED',
      variant: 'red',
      reason: 'TARGETING_MATCH',
      ruleId: 'r',
      kind: 'FLAG_KIND_STRING',
      enabled: true,
    });
    expect(Object.isFrozen(answer)).toBe(true);
    expect(set.evaluate('colour', {}, 0)).toBe(answer);
  });

  test('does not follow later changes of the definition', () => {
    const value = { list: [1] };
    const flag: FlagDefinition = { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value }] };
    const set = setOf([{ key: 'f', flag, config: { enabled: true, fallthrough: { variant: 'v' } } }]);
    value.list.push(2);
    const answer = set.evaluate('f', {}, 0).value as typeof value;
    expect(answer).toEqual({ list: [1] });
    expect(() => answer.list.push(3)).toThrow(TypeError);
  });

  test('keeps an own "__proto__" of a value as data', () => {
    const value = JSON.parse('{"__proto__": {"admin": true}}') as JsonObject;
    const flag: FlagDefinition = { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value }] };
    const answer = setOf([
      { key: 'f', flag, config: { enabled: true, fallthrough: { variant: 'v' } } },
    ]).evaluate('f', {}, 0);
    expect(JSON.stringify(answer.value)).toBe('{"__proto__":{"admin":true}}');
    expect((answer.value as JsonObject)['admin']).toBeUndefined();
  });

  test('is an error for an unknown flag and for a context that is no object', () => {
    const set = setOf([switchUnit('f', { enabled: true, fallthrough: { variant: 'on' } })]);
    expect(set.evaluate('g', {}, 0)).toMatchObject({
      flagKey: 'g',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
    for (const context of [null, 'x', [], undefined]) {
      expect(set.evaluate('f', context as unknown as JsonObject, 0)).toMatchObject({
        errorCode: 'INVALID_CONTEXT',
      });
    }
  });

  test('is an error, not an exception, when the context itself fails', () => {
    const failing: JsonObject = {
      get country(): string {
        throw new Error('no country');
      },
    };
    const compare = { attribute: 'country', operator: 'exists' };
    const set = setOf([switchUnit('f', ruleConfig({ compare }))]);
    expect(set.evaluate('f', failing, 0)).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: 'The evaluation failed: no country',
    });
    expect(set.evaluate('f', { country: 'FR' }, 0).variant).toBe('on');
  });

  test('is right when a context evaluates while it is evaluated', () => {
    const compare = { attribute: 'country', operator: 'equals', values: ['FR'] };
    const set = setOf([switchUnit('f', ruleConfig({ all: { conditions: [{ compare }, { compare }] } }))]);
    const reentrant: JsonObject = {
      get country(): string {
        expect(set.evaluate('f', { country: 'DE' }, 0).variant).toBe('off');
        return 'FR';
      },
    };
    expect(set.evaluate('f', reentrant, 0).variant).toBe('on');
  });
});

describe('targets', () => {
  const targets = [
    { variant: 'red', values: ['a', 'b'] },
    { variant: 'green', values: ['b', 'c'] },
    { variant: 'blue', attribute: 'org', values: ['1', 'true'] },
    { variant: 'red', values: ['d'] },
  ];
  test.each<[JsonObject, string | undefined]>([
    [{ targetingKey: 'a' }, 'red'],
    [{ targetingKey: 'b' }, 'red'],
    [{ targetingKey: 'c', org: '1' }, 'green'],
    [{ targetingKey: 'd', org: '1' }, 'blue'],
    [{ targetingKey: 'd' }, 'red'],
    [{ org: 1 }, 'blue'],
    [{ org: true }, 'blue'],
    [{ org: ['1'] }, undefined],
    [{ targetingKey: 'e' }, undefined],
    [{}, undefined],
  ])('%j: %s', (context, variant) => {
    expect(evaluate({ enabled: true, targets }, context).variant).toBe(variant);
  });
});

describe('a split that holds nobody', () => {
  const split = {
    entries: [
      { variant: 'red', ranges: [] },
      {
        variant: 'green',
        ranges: [{ from: 0, to: 100_000 }],
        also: [{ gate: { attributes: ['org'] }, ranges: [{ to: 100_000 }] }],
      },
    ],
  };
  const config = (serve: object): FlagConfigDefinition => ({
    enabled: true,
    rules: [{ id: 'r', serve: { split, ...serve } }],
    fallthrough: { variant: 'blue' },
  });
  test.each([
    [{}, ['blue', 'DEFAULT']],
    [{ onMiss: 'MISS_POLICY_NEXT_RULE' }, ['blue', 'DEFAULT']],
    [{ onMiss: 'MISS_POLICY_VARIANT', missVariant: 'grey' }, ['grey', 'SPLIT', 'r']],
    [{ onMiss: 'MISS_POLICY_LAST_ENTRY' }, ['green', 'SPLIT', 'r']],
    [{ onMiss: 'MISS_POLICY_CODE_DEFAULT' }, [undefined, 'DEFAULT', 'r']],
    [{ onMiss: 'MISS_POLICY_ERROR' }, [undefined, 'ERROR', 'r']],
  ])('%j: %j', (serve, answer) => {
    expect(short(evaluate(config(serve)))).toEqual(answer);
    expect(short(evaluate(config(serve), { targetingKey: 'u', org: 'x' }))).toEqual(['green', 'SPLIT', 'r']);
  });

  test('in the fallthrough leaves the default', () => {
    expect(short(evaluate({ enabled: true, fallthrough: { split } }))).toEqual([undefined, 'DEFAULT']);
  });

  test('because of its traffic', () => {
    const traffic = [{ gate: { attributes: ['beta'] }, ranges: [{ to: 100_000 }] }];
    const limited = {
      enabled: true,
      rules: [{ id: 'r', serve: { split: { ...weighted({ red: 100_000 }), traffic } } }],
    };
    expect(short(evaluate(limited))).toEqual([undefined, 'DEFAULT']);
    expect(short(evaluate(limited, { targetingKey: 'u', beta: 'yes' }))).toEqual(['red', 'SPLIT', 'r']);
  });
});

describe('windows', () => {
  const start = '2026-01-01T00:00:00Z';
  const end = '2026-02-01T00:00:00Z';
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const config: FlagConfigDefinition = {
    enabled: true,
    rules: [{ id: 'r', window: { start, end }, serve: { variant: 'red' } }],
    fallthrough: { variant: 'green' },
  };

  test('include their start and exclude their end', () => {
    const variants = [startMs - 1, startMs, endMs - 1, endMs].map(
      (nowMs) => evaluate(config, {}, nowMs).variant,
    );
    expect(variants).toEqual(['green', 'red', 'red', 'green']);
  });

  test('may be open at either side', () => {
    const open = (window: object, nowMs: number): string | undefined =>
      evaluate({ enabled: true, rules: [{ id: 'r', window, serve: { variant: 'red' } }] }, {}, nowMs).variant;
    expect([open({ start }, startMs - 1), open({ start }, endMs * 2)]).toEqual([undefined, 'red']);
    expect([open({ end }, -1), open({ end }, endMs)]).toEqual(['red', undefined]);
  });

  test('tell when an answer may change', () => {
    const set = setOf([
      { key: 'a', flag: COLOUR, config },
      {
        key: 'off',
        flag: COLOUR,
        config: {
          ...config,
          enabled: false,
          rules: [{ ...config.rules![0]!, window: { end: '2025-01-01T00:00:00Z' } }],
        },
      },
      switchUnit('b', {
        enabled: true,
        rules: [{ id: 'r', window: { start: '2026-01-15T00:00:00Z' }, serve: { variant: 'on' } }],
      }),
    ]);
    const steps: (number | undefined)[] = [];
    for (let at: number | undefined = 0; at !== undefined; at = set.nextTransition(at)) steps.push(at);
    expect(steps).toEqual([0, startMs, Date.parse('2026-01-15T00:00:00Z'), endMs]);
    expect(setOf([]).nextTransition(0)).toBeUndefined();
  });
});

describe('prerequisites', () => {
  const parent = switchUnit(
    'parent',
    ruleConfig({ compare: { attribute: 'plan', operator: 'equals', values: ['pro'] } }),
  );
  const needed: PrerequisiteDefinition = { flag: 'parent', variants: ['on'] };
  const child = (
    config: FlagConfigDefinition,
    context: JsonObject,
    parents = [parent],
  ): (string | undefined)[] =>
    short(
      setOf([...parents, { key: 'child', flag: COLOUR, config: { enabled: true, ...config } }]).evaluate(
        'child',
        context,
        0,
      ),
    );
  const met = { plan: 'pro' };

  test.each<[PrerequisiteDefinition['onFailure'], (string | undefined)[]]>([
    [undefined, ['grey', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_OFF_VARIANT', ['grey', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_CODE_DEFAULT', [undefined, 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_ERROR', [undefined, 'ERROR']],
  ])('of the flag with %s', (onFailure, answer) => {
    const config = {
      prerequisites: [{ ...needed, ...(onFailure && { onFailure }) }],
      targets: [{ variant: 'red', values: ['u'] }],
      fallthrough: { variant: 'green' },
    };
    expect(child(config, {})).toEqual(answer);
    expect(child(config, met)).toEqual(['green', 'DEFAULT']);
    expect(child(config, { ...met, targetingKey: 'u' })).toEqual(['red', 'TARGETING_MATCH']);
  });

  test.each<[PrerequisiteDefinition['onFailure'], (string | undefined)[]]>([
    [undefined, ['green', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_NEXT_RULE', ['green', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_OFF_VARIANT', ['grey', 'DEFAULT', 'r']],
    ['PREREQUISITE_OUTCOME_CODE_DEFAULT', [undefined, 'DEFAULT', 'r']],
    ['PREREQUISITE_OUTCOME_ERROR', [undefined, 'ERROR', 'r']],
  ])('of a rule with %s', (onFailure, answer) => {
    const prerequisites = [{ ...needed, ...(onFailure && { onFailure }) }];
    const config = {
      rules: [{ id: 'r', prerequisites, serve: { variant: 'red' } }],
      fallthrough: { variant: 'green' },
    };
    expect(child(config, {})).toEqual(answer);
    expect(child(config, met)).toEqual(['red', 'TARGETING_MATCH', 'r']);
  });

  test('in a condition', () => {
    const config = {
      rules: [{ id: 'r', condition: { not: { prerequisite: needed } }, serve: { variant: 'red' } }],
    };
    expect(child(config, {})).toEqual(['red', 'TARGETING_MATCH', 'r']);
    expect(child(config, met)).toEqual([undefined, 'DEFAULT']);
  });

  test('need the parent on, whatever its off variant', () => {
    const off = { ...parent, config: { offVariant: 'on' } };
    expect(child({ prerequisites: [needed], fallthrough: { variant: 'green' } }, met, [off])).toEqual([
      'grey',
      'DEFAULT',
    ]);
  });

  test('do not hold when the parent answers an error', () => {
    const gate = { missing: 'GATE_MISSING_POLICY_ERROR' } as const;
    const failing = switchUnit('parent', {
      enabled: true,
      fallthrough: { split: { ...weighted({ on: 100_000 }), gate } },
    });
    const config = { prerequisites: [needed], fallthrough: { variant: 'green' } };
    expect(child(config, {}, [failing])).toEqual(['grey', 'DEFAULT']);
    expect(child(config, { targetingKey: 'u' }, [failing])).toEqual(['green', 'DEFAULT']);
  });

  test('all hold, in order', () => {
    const second: PrerequisiteDefinition = {
      flag: 'parent',
      variants: ['off'],
      onFailure: 'PREREQUISITE_OUTCOME_ERROR',
    };
    expect(child({ prerequisites: [needed, second] }, {})).toEqual(['grey', 'DEFAULT']);
    expect(child({ prerequisites: [needed, second] }, met)).toEqual([undefined, 'ERROR']);
  });
});

describe('segments', () => {
  const inside = (segment: SegmentDefinition, context: JsonObject, extra: object = {}): boolean => {
    const set = setOf([switchUnit('f', ruleConfig({ segment: 's' }))], [{ key: 's', segment, ...extra }]);
    return set.evaluate('f', context, 0).variant === 'on';
  };
  const french: ConditionDefinition = {
    compare: { attribute: 'country', operator: 'equals', values: ['FR'] },
  };
  const segment: SegmentDefinition = {
    included: ['in', 'both'],
    excluded: ['out', 'both'],
    condition: french,
  };

  test.each<[JsonObject, boolean]>([
    [{ targetingKey: 'in' }, true],
    [{ targetingKey: 'out', country: 'FR' }, false],
    [{ targetingKey: 'both', country: 'FR' }, false],
    [{ targetingKey: 'other', country: 'FR' }, true],
    [{ targetingKey: 'other' }, false],
    [{ country: 'FR' }, true],
    [{}, false],
  ])('%j: %s', (context, expected) => {
    expect(inside(segment, context)).toBe(expected);
  });

  test('compare another attribute, also a number', () => {
    expect(inside({ attribute: 'org.id', included: ['42'] }, { org: { id: 42 } })).toBe(true);
    expect(inside({ attribute: 'org.id', included: ['42'] }, { targetingKey: '42' })).toBe(false);
  });

  test('hold the members of their parts', () => {
    const parts = { extraIncluded: [['a'], ['b', 'c']], extraExcluded: [['c']] };
    expect(['a', 'b', 'c', 'd'].map((targetingKey) => inside({}, { targetingKey }, parts))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('a set', () => {
  const set = setOf([
    { key: 'b', flag: { ...SWITCH, clientVisible: true } },
    { key: 'a', flag: COLOUR },
    { key: '__proto__', flag: SWITCH },
  ]);

  test('knows its flags', () => {
    expect(set.flagKeys()).toEqual(['__proto__', 'a', 'b']);
    expect(set.size).toBe(3);
    expect([set.has('a'), set.has('c'), set.has('toString'), set.has('__proto__')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([set.kindOf('a'), set.kindOf('c')]).toEqual(['FLAG_KIND_STRING', undefined]);
    expect([set.clientVisible('b'), set.clientVisible('a'), set.clientVisible('c')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('answers a flag that was never configured as off', () => {
    expect(set.evaluate('a', {}, 0)).toMatchObject({ variant: 'grey', reason: 'DISABLED', enabled: false });
  });
});

import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour, short } from '../answers.fixture.ts';
import { ruleConfig, SWITCH, setOf, switchUnit, weighted } from '../definitions.fixture.ts';
import type { ConditionDefinition, FlagConfigDefinition, FlagDefinition, JsonObject } from '../model.ts';

const EVERYBODY: ConditionDefinition = { all: {} };
const NOBODY: ConditionDefinition = { any: {} };

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
    expect(short(evaluateColour(config))).toEqual(answer);
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
      enabled: false,
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const context of [null, 'x', [], undefined, revoked.proxy]) {
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

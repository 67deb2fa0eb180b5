import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../model.ts';
import { resultOf } from '../outcome.fixture.ts';

const HUNDRED: JsonValue[] = Array.from({ length: 100 }, (_, index) => [index]);
const HALVES: JsonValue[] = [
  ['a', 50],
  ['b', 50],
];

/** The subject's place among a hundred entries of weight 1. */
function placeOf(bucketBy: JsonValue, dialect: string): JsonValue {
  return resultOf({ fractional: [{ var: 'k' }, ...HUNDRED] }, { k: bucketBy }, { dialect });
}

describe('fractional v2', () => {
  test.each([
    ['', 0],
    ['abc', 70],
    ['fractional-flagjack', 62],
    ['shared-seedseven', 66],
    ['user-123', 62],
    ['é', 6],
    ['ü', 46],
    ['日本', 76],
    ['😀', 74],
    ['ejOoVL', 0],
    ['bY9fO-', 0],
    ['SI7p-', 49],
    ['6LvT0', 50],
    ['ceQdGm', 99],
  ])('places %j at %i of 100', (text, place) => {
    expect(placeOf(text, '')).toBe(place);
  });

  test('is exact for the largest sum of weights', () => {
    const rule = (weight: number) => ({
      fractional: [{ var: 'k' }, ['a', weight], ['b', 2 ** 31 - 1 - weight]],
    });
    const abc = 1_508_821_500;
    expect(resultOf(rule(abc), { k: 'abc' })).toBe('b');
    expect(resultOf(rule(abc + 1), { k: 'abc' })).toBe('a');
  });

  test('buckets by the keys of the flag and the subject when no value is given', () => {
    const options = { flagKey: 'fractional-flag-shorthand' };
    const data = { targetingKey: 'jon@company.com' };
    expect(resultOf({ fractional: HUNDRED }, data, options)).toBe(14);
    expect(resultOf({ fractional: [null, ...HUNDRED] }, data, options)).toBe(14);
    expect(resultOf({ fractional: [{ var: 'absent' }, ...HUNDRED] }, data, options)).toBe(14);
    const seeded = { cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] };
    expect(resultOf({ fractional: [seeded, ...HUNDRED] }, data, options)).toBe(14);
  });

  test('evaluates entries, weights and nested fractionals', () => {
    const data = { k: 'abc', heavy: 'b', share: 100, targetingKey: 'u' };
    const entries = [
      ['a', { '-': [100, { var: 'share' }] }],
      [{ var: 'heavy' }, { var: 'share' }],
    ];
    expect(resultOf({ fractional: [{ var: 'k' }, ...entries] }, data)).toBe('b');
    expect(resultOf({ fractional: entries }, data)).toBe('b');
    expect(resultOf({ fractional: [{ var: 'k' }, [{ fractional: [['c']] }]] }, data)).toBe('c');
    // A value that turns out to be a list is an entry.
    expect(
      resultOf({ fractional: [{ var: 'entry' }, ['b', 0]] }, { entry: ['a', 1], targetingKey: 'u' }),
    ).toBe('a');
  });

  test('keeps its work and its answer in a list of items', () => {
    const rule = { map: [{ var: 'l' }, { fractional: [{ var: 'k' }, ...HALVES] }] };
    expect(resultOf(rule, { l: [{ k: 'abc' }, { k: '' }, 'no object'] })).toEqual(['b', 'a', null]);
  });

  test('reads the key of the flag that an item of a list has', () => {
    const rule = { map: [{ var: 'l' }, { fractional: HUNDRED }] };
    const l = [
      { targetingKey: 'jon@company.com', $flagd: { flagKey: 'fractional-flag-shorthand' } },
      { targetingKey: 'abc', $flagd: { flagKey: 5 } },
      { targetingKey: 'abc' },
    ];
    expect(resultOf(rule, { l })).toEqual([14, 70, 70]);
  });

  test('reads long keys', () => {
    expect(resultOf({ fractional: [{ var: 'k' }, ['a']] }, { k: 'x'.repeat(100_000) })).toBe('a');
    expect(placeOf('x'.repeat(4_096), '')).toBe(67);
    expect(placeOf('x'.repeat(5_000), '')).toBe(83);
    expect(placeOf(`${'x'.repeat(4_999)}a`, '')).toBe(25);
    expect(placeOf('日'.repeat(1_400), '')).toBe(72);
    const subject = (flagKey: string, targetingKey: string) =>
      resultOf({ fractional: HUNDRED }, { targetingKey }, { flagKey });
    expect(subject('f', 'x'.repeat(5_000))).toBe(24);
    expect(subject('g'.repeat(3_000), 'x'.repeat(3_000))).toBe(91);
  });
});

describe('malformed operands', () => {
  const subject = { targetingKey: 'user-1', num: 7 };
  test.each<[string, JsonValue, JsonValue, JsonValue?]>([
    ['no entries', [], null],
    ['only a value', ['x'], null],
    ['no list', 'a', null],
    ['null', null, null],
    ['an object', {}, null],
    ['all weights 0', [['a', 0]], null],
    ['a fraction', [['a', 1.5], ['b']], null],
    ['a text as weight', [['a', '1']], null],
    ['a boolean as weight', [['a', true]], null],
    ['too large a weight', [['a', 2 ** 31]], null],
    ['too large a sum', [['a', 2 ** 31 - 1], ['b']], null],
    ['an infinite weight', [['a', { '/': [1, 0] }]], null],
    ['an empty entry', [[], ['a']], null],
    ['an entry that is no list', [['a'], 'b'], null],
    ['a list as variant', [[['a']]], null],
    ['an object as variant', [[{ a: 1, b: 2 }]], null],
    ['negative weights', [['a', -5]], null],
    [
      'a negative weight',
      [
        ['a', -5],
        ['b', 5],
      ],
      'b',
    ],
    ['null as weight', [['a', null]], 'a'],
    ['more than a weight', [['a', 1, 'x', 2]], 'a'],
    ['null as variant', [[null, 1]], null],
    ['null beside a variant', [[null, 0], ['a']], 'a'],
    ['the least integer as weight', [['a', -(2 ** 63)], ['b']], 'b'],
    ['less than the least integer', [['a', -(2 ** 64)], ['b']], null],
    ['a boolean as variant', [[true, 1]], true],
    ['a number as variant', [[3.5, 1]], 3.5],
    ['a number to bucket by', [7, ['a']], null],
    ['a computed number to bucket by', [{ var: 'num' }, ['a']], null],
    ['a boolean to bucket by', [true, ['a']], null],
    ['null to bucket by', [null, ['a']], 'a'],
    ['no subject', [['a']], null, {}],
    ['null as subject', [['a']], null, { targetingKey: null }],
    ['an empty subject', [['a']], null, { targetingKey: '' }],
    ['a number as subject', [['a']], null, { targetingKey: 5 }],
    ['no subject, but a value', ['', ['a']], 'a', {}],
    ['data that is no object', ['x', ['a']], null, 'text'],
  ])('%s', (_name, operands, expected, data = subject) => {
    expect(resultOf({ fractional: operands }, data)).toEqual(expected);
  });
});

describe('other dialects', () => {
  test.each([
    ['abc', 59],
    ['fractional-flagjack', 75],
    ['é', 12],
    ['bY9fO-', 0],
    // Exactly 100 percent, which no share reaches.
    ['SI7p-', ''],
    ['6LvT0', ''],
    ['ceQdGm', 0],
  ])('v1 places %j at %j', (text, place) => {
    expect(placeOf(text, 'flagd-fractional-v1')).toBe(place);
  });

  test.each<[JsonValue, JsonValue]>([
    ['fractional-flagjack', 33],
    [123, 77],
    [1.5, 8],
    [true, 19],
    [false, 2],
    [4_294_967_296, 72],
    [0.1, 2],
    [1e20, 73],
    [-4.1, 81],
    [{ b: 2, a: 1 }, 89],
    [{}, 9],
    ['ü', 97],
    [null, null],
  ])('v3 places %j at %j', (value, place) => {
    expect(placeOf(value, 'flagd-fractional-v3')).toBe(place);
  });

  test('v3 buckets by the keys apart', () => {
    const options = { dialect: 'flagd-fractional-v3', flagKey: 'fractional-flag-shorthand' };
    expect(resultOf({ fractional: HUNDRED }, { targetingKey: 'jon@company.com' }, options)).toBe(88);
    expect(resultOf({ fractional: HUNDRED }, { targetingKey: '' }, options)).toBeNull();
    expect(resultOf({ fractional: [null, ...HUNDRED] }, { targetingKey: 'u' }, options)).toBeNull();
    expect(resultOf({ fractional: [7, ...HUNDRED] }, {}, options)).toEqual(placeOf(7, 'flagd-fractional-v3'));
  });

  test('that do not exist are refused', () => {
    expect(resultOf({ fractional: HUNDRED }, {}, { dialect: 'v4' })).toBe(
      'REFUSED NOT_BUILT jsonLogicDialect',
    );
  });
});

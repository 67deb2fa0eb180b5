import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../model.ts';
import { PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const DATA: JsonObject = {
  a: 1,
  nothing: null,
  o: { k: 'v', 'x.y': 2, n: { deep: true } },
  list: ['p', ['q', 'r']],
  name: 'o.k',
  '1': 'one',
};

const ROWS: readonly Row[] = [
  [1, { var: 'a' }],
  [1, { var: ['a'] }],
  ['v', { var: 'o.k' }],
  ['v', { var: '.o..k.' }],
  [null, { var: 'o.x.y' }],
  [null, { var: 'o.missing.deep' }],
  [null, { var: 'a.b' }],
  ['p', { var: 'list.0' }],
  ['r', { var: 'list.1.1' }],
  [null, { var: 'list.2' }],
  [null, { var: 'list.-1' }],
  ['p', { var: 'list.first' }],
  [null, { var: 'list.inf' }],
  ['one', { var: 1 }],
  ['d', { var: ['missing', 'd'] }],
  ['d', { var: ['nothing', 'd'] }],
  ['v', { var: ['missing', { var: 'o.k' }] }],
  [null, { var: ['missing', 'd', 'e'] }],
  ['v', { var: { var: 'name' } }],
  [PARSE_ERROR, { var: ['a', { bogus: 1 }] }],
  [PARSE_ERROR, { var: [1] }],
  [PARSE_ERROR, { var: true }],
  [null, { var: true }, null],
  // The data as a whole.
  [DATA, { var: '' }],
  [DATA, { var: [] }],
  [DATA, { var: [''] }],
  [null, { var: null }],
  [5, { var: null }, 5],
  [5, { var: '' }, 5],
  [null, { var: 'a' }, null],
  // Missing is null or absent.
  [['zz', 'nothing'], { missing: ['a', 'zz', 'nothing', 'o.k'] }],
  [['zz'], { missing: 'zz' }],
  [[], { missing: [] }],
  [[3], { missing: [1, 3] }],
  [PARSE_ERROR, { missing: null }],
  [PARSE_ERROR, { missing: [true] }],
  [[], { missing_some: [1, ['a', 'zz']] }],
  [['zz'], { missing_some: [2, ['a', 'zz']] }],
  [['zz'], { missing_some: ['2.9', ['a', 'zz']] }],
  [PARSE_ERROR, { missing_some: [1] }],
  [PARSE_ERROR, { missing_some: [1, 'a'] }],
  // Names are expressions when they come out of the data as such.
  [[], { missing: { merge: [{ var: 'names' }] } }, { names: [{ cat: ['a', 'b'] }], ab: 1 }],
  [{ k: 'w', 'x.y': 2, n: { deep: true } }, { set: [{ var: 'o' }, 'k', 'w'] }],
  [1, { set: [{ var: 'a' }, 'k', 'w'] }],
  [null, { set: [] }],
  [PARSE_ERROR, { set: [{ var: 'o' }, 1, 'w'] }],
  [['zz'], { missing: ['', 'zz'] }],
  [PARSE_ERROR, { missing_some: 'ab' }],
  [PARSE_ERROR, { missing_some: null }],
  // Operands beyond the default do not count, but are evaluated.
  [PARSE_ERROR, { var: ['a', 'd', { '+': [true] }] }],
  [PARSE_ERROR, { set: 'abc' }],
  [PARSE_ERROR, { set: null }],
  [1, { set: [{ var: 'a' }, 'k'] }],
  [{ k: 'v', 'x.y': 2, n: { deep: true } }, { set: [{ var: 'o' }, 'k'] }],
  [1, { var: ['a', 'd', { var: 'o' }] }],
];

describe('data access', () => {
  test.each(ROWS)('%j: %j', (expected, rule, data = DATA) => {
    expect(resultOf(rule, data)).toEqual(expected);
  });

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'o.constructor.name',
    'list.__proto__.length',
    '__proto__.x',
  ])('does not read %s off a prototype', (path) => {
    expect(resultOf({ var: path }, DATA)).toBeNull();
    expect(resultOf({ missing: [path] }, { o: {} })).toEqual([path]);
  });

  test('reads what is named like a prototype as any other member', () => {
    const data = JSON.parse('{"__proto__":{"a":1},"constructor":"c"}') as JsonObject;
    expect(resultOf({ var: '__proto__.a' }, data)).toBe(1);
    expect(resultOf({ var: 'constructor' }, data)).toBe('c');
    const copy = resultOf({ set: [{ var: '' }, '__proto__', { var: 'constructor' }] }, data) as JsonObject;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.entries(copy)).toEqual([
      ['__proto__', 'c'],
      ['constructor', 'c'],
    ]);
  });
});

describe('$flagd', () => {
  const options = { flagKey: 'banner', nowMs: 1_700_000_000_999 };
  const rows: readonly Row[] = [
    ['banner', { var: '$flagd.flagKey' }],
    [1_700_000_000, { var: '$flagd.timestamp' }],
    [{ flagKey: 'banner', timestamp: 1_700_000_000 }, { var: '$flagd' }],
    ['banner', { var: '$flagd.flagKey' }, { $flagd: { flagKey: 'mine' } }],
    ['banner', { var: { cat: ['$flagd', '.flagKey'] } }],
    [[], { missing: ['$flagd.timestamp'] }],
    // It makes the data an object with a member more.
    [true, { '!!': [{ var: '' }] }],
    [PARSE_ERROR, { if: [true, { var: '' }] }, {}],
    // Below the root there is none.
    [[null], { map: [[{ a: 1 }], { var: '$flagd.flagKey' }] }],
    [['mine'], { map: [{ var: 'l' }, { var: '$flagd.flagKey' }] }, { l: [{ $flagd: { flagKey: 'mine' } }] }],
    [null, { var: '$flagd' }, 'text'],
  ];
  test.each(rows)('%j: %j of %j', (expected, rule, data = {}) => {
    expect(resultOf(rule, data, options)).toEqual(expected);
  });

  test('is a member like any other where none is provided', () => {
    expect(resultOf({ var: '$flagd.x' }, { $flagd: { x: 1 } })).toBe(1);
    expect(resultOf({ var: '$flagd' }, {})).toBeNull();
  });
});

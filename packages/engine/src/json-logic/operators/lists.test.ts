import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../model.ts';
import { GENERAL, PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const ITEM = { var: '' };
const DATA = {
  numbers: [1, 2, 3],
  people: [
    { name: 'Ann', age: 30, admin: true, address: { city: 'Bonn' } },
    { name: 'Bob', age: 20, admin: false },
  ],
  text: 'abc',
  zero: 0,
  age: 25,
  city: 'Bonn',
  allowed: [2, 3],
};

const ROWS: readonly Row[] = [
  [[2, 4, 6], { map: [{ var: 'numbers' }, { '*': [ITEM, 2] }] }],
  [['Ann', 'Bob'], { map: [{ var: 'people' }, { var: 'name' }] }],
  [[], { map: [{ var: 'absent' }, ITEM] }],
  [[], { map: [{ var: 'numbers' }] }],
  [['x', 'x'], { map: [[1, 2], 'x'] }],
  [PARSE_ERROR, { map: [{ var: 'text' }, ITEM] }],
  [PARSE_ERROR, { map: { var: 'numbers' } }],
  // What stands in a written list is not evaluated; a value that is no expression is no list.
  [[{ var: 'age' }], { map: [[{ var: 'age' }], ITEM] }],
  [[], { map: ['abc', ITEM] }],
  [[2, 3], { filter: [{ var: 'numbers' }, { '>': [ITEM, 1] }] }],
  [[1, 2], { filter: [[1, 2], true] }],
  [[], { filter: [{ var: 'absent' }, true] }],
  [true, { all: [{ var: 'numbers' }, { '>': [ITEM, 0] }] }],
  [false, { all: [{ var: 'numbers' }, { '>': [ITEM, 1] }] }],
  [false, { all: [[], true] }],
  [false, { all: [{ var: 'absent' }, true] }],
  [false, { all: [[]] }],
  [PARSE_ERROR, { all: [[1]] }],
  [PARSE_ERROR, { all: [] }],
  [PARSE_ERROR, { all: [{ var: 'text' }, ITEM] }],
  [PARSE_ERROR, { all: [[1], true] }],
  [true, { some: [{ var: 'numbers' }, { '>': [ITEM, 2] }] }],
  [false, { some: [[], ITEM] }],
  [true, { none: [{ var: 'numbers' }, { '>': [ITEM, 3] }] }],
  [true, { none: [[], true] }],
  [false, { none: [{ var: 'numbers' }, { '==': [ITEM, 2] }] }],
  [6, { reduce: [{ var: 'numbers' }, { '+': [{ var: 'current' }, { var: 'accumulator' }] }, 0] }],
  ['321', { reduce: [{ var: 'numbers' }, { cat: [{ var: 'current' }, { var: 'accumulator' }] }, ''] }],
  [true, { reduce: [{ var: 'numbers' }, { var: 'current' }, false] }],
  [0, { reduce: [{ var: 'absent' }, ITEM, 5] }],
  [0, { reduce: [{ var: 'numbers' }, ITEM] }],
  ['string', { reduce: [[1], { cat: [{ var: 'valueType' }] }, ''] }],
  [2, { reduce: [[1, null, 2], { var: 'current' }, 0] }],
  [PARSE_ERROR, { reduce: [[1], ITEM, null] }],
  [PARSE_ERROR, { reduce: [[1], { var: 'none' }, 0] }],
  [PARSE_ERROR, { reduce: [[1], 1, 0] }],
  // What counts as false is no list to all, none and some, and an error to the others.
  [false, { all: [{ var: 'zero' }, ITEM] }],
  [true, { none: [{ var: 'zero' }, ITEM] }],
  [false, { some: [{ var: 'zero' }, ITEM] }],
  [PARSE_ERROR, { filter: [{ var: 'zero' }, true] }],
  [PARSE_ERROR, { map: [{ var: 'zero' }, ITEM] }],
  [PARSE_ERROR, { reduce: [{ var: 'text' }, { var: 'current' }, ''] }],
  [PARSE_ERROR, { reduce: 'abc' }],
  [true, { reduce: [[1], { '==': [{ var: 'valueType' }, 'bool'] }, false] }],
];

/** Values of the data around the list, or of the item, stand in the place of vars. */
const FILLED_IN: readonly Row[] = [
  // "age" is that of the data around the list.
  [[], { filter: [{ var: 'people' }, { '<': [{ var: 'age' }, 25] }] }],
  [DATA.people, { filter: [{ var: 'people' }, { '==': [{ var: 'age' }, 25] }] }],
  [true, { none: [{ var: 'people' }, { '==': [{ var: 'age' }, 20] }] }],
  // "all" and "map" see the item alone.
  [true, { all: [{ var: 'people' }, { '<': [{ var: 'age' }, 31] }] }],
  [[30, 20], { map: [{ var: 'people' }, { var: 'age' }] }],
  // A path that starts with "." stays the item's.
  [['Bob'], { map: [{ filter: [{ var: 'people' }, { '<': [{ var: '.age' }, 25] }] }, { var: 'name' }] }],
  [[2, 3], { filter: [{ var: 'numbers' }, { in: [ITEM, { var: 'allowed' }] }] }],
  [true, { some: [{ var: 'people' }, { '==': [{ var: 'address.city' }, { var: 'city' }] }] }],
  // A default always is the value.
  [[], { filter: [{ var: 'people' }, { '==': [{ var: ['name', 'x'] }, 'Ann'] }] }],
  // A body that is nothing but a var is no expression any more once it is filled in.
  [PARSE_ERROR, { some: [{ var: 'people' }, { var: 'admin' }] }],
  [PARSE_ERROR, { all: [{ var: 'people' }, { var: 'admin' }] }],
  [false, { all: [{ var: 'people' }, { var: 'address.city.street' }] }],
  [true, { all: [{ var: 'numbers' }, ITEM] }],
  // An object that is filled in is read as an expression.
  [PARSE_ERROR, { all: [{ var: 'people' }, { '!!': [{ var: 'address' }] }] }],
  [true, { all: [{ var: 'l' }, { '==': [{ var: 'x' }, 3] }] }, { l: [{ x: { '+': [1, 2] } }] }],
  [false, { all: [{ var: 'l' }, { and: [{ var: 'x' }] }] }, { l: [{ x: [] }] }],
];

describe('list operators', () => {
  test.each(ROWS)('%j: %j', (expected, rule, data = DATA) => {
    expect(resultOf(rule, data)).toEqual(expected);
  });

  test.each(FILLED_IN)('fill in: %j: %j', (expected, rule, data = DATA) => {
    expect(resultOf(rule, data)).toEqual(expected);
  });

  test('stop when nested lists take too long', () => {
    const list = new Array<JsonValue>(2_000).fill({ m: new Array<JsonValue>(2_000).fill(1) });
    const inner = { some: [{ var: '.m' }, { '<': [ITEM, 0] }] };
    expect(resultOf({ some: [{ var: 'l' }, inner] }, { l: list })).toBe(GENERAL);
    expect(resultOf({ some: [{ var: 'l' }, inner] }, { l: list.slice(0, 5) })).toBe(false);
    expect(resultOf({ merge: [{ var: 'l' }] }, { l: new Array<JsonValue>(200_000).fill(1) })).toBe(GENERAL);
  });
});

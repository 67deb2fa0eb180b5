import { describe, expect, test } from 'vitest';
import { PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const DATA = {
  yes: true,
  none: null,
  object: { a: 1, b: 2 },
  rule: { var: 'yes' },
  one: { k: 'v' },
  list: [0],
  rules: [{ var: 'yes' }],
  more: { rule: { var: 'yes' }, no: 0 },
};

const ROWS: readonly Row[] = [
  // if: pairs, then an else that may be missing.
  ['b', { if: [false, 'a', 'b'] }],
  ['c', { if: [false, 'a', 0, 'b', 'c'] }],
  ['b', { if: [false, 'a', true, 'b', 'c'] }],
  [null, { if: [false, 'a'] }],
  ['a', { if: ['a'] }],
  [null, { if: [] }],
  ['a', { '?:': [true, 'a', 'b'] }],
  [PARSE_ERROR, { if: true }],
  [PARSE_ERROR, { if: { var: 'list' } }],
  // Only the branch taken is evaluated.
  ['a', { if: [true, 'a', { bogus: 1 }] }],
  ['a', { if: [true, 'a', { bogus: 1 }, 'b'] }],
  [PARSE_ERROR, { if: [{ bogus: 1 }, 'a', 'b'] }],
  // An object with one member that a branch gives is an expression itself.
  [true, { if: [true, { var: 'rule' }] }],
  [PARSE_ERROR, { if: [true, { var: 'one' }] }],
  [{ a: 1, b: 2 }, { if: [true, { var: 'object' }] }],
  [{}, { if: [true, {} as never] }],
  // and, or answer the operand that decided.
  [0, { and: [1, 0, 'a'] }],
  ['a', { and: [1, 'a'] }],
  [null, { and: [] }],
  ['b', { or: [false, 0, 'b', 'c'] }],
  ['', { or: [false, ''] }],
  [null, { or: [] }],
  ['a', { or: ['a', { bogus: 1 }] }],
  [PARSE_ERROR, { and: { var: 'list' } }],
  [PARSE_ERROR, { or: true }],
  // What is true.
  ...([[], 0, '', null, false, {}] as const).map((value): Row => [true, { '!': [value as never] }]),
  ...(['0', [0], 1, -1, 'false', true, { a: 1, b: 1 }] as const).map(
    (value): Row => [true, { '!!': [value as never] }],
  ),
  [true, { '!!': [{ '/': [1, 0] }] }],
  [true, { '!!': [{ '%': [1, 0] }] }],
  [true, { '!': { var: 'none' } }],
  // A list is the list of operands, wherever it comes from.
  [true, { '!': { var: 'list' } }],
  [false, { '!!': { var: 'list' } }],
  [true, { '!': [] }],
  [false, { '!': [1, 0] }],
  // A list or a larger object that a branch gives is none.
  [[{ var: 'yes' }], { if: [true, { var: 'rules' }] }],
  [{ rule: { var: 'yes' }, no: 0 }, { if: [true, { var: 'more' }] }],
];

const LITERALS: readonly Row[] = [
  [true, true],
  ['a', 'a'],
  [null, null],
  [3.5, 3.5],
  [[], []],
  [
    [true, 'a'],
    [{ var: 'yes' }, 'a'],
  ],
  [{}, {}],
  [
    { if: [1], or: [2] },
    { if: [1], or: [2] },
  ],
  [PARSE_ERROR, { bogus: [1] }],
  [PARSE_ERROR, { log: 'x' }],
  [PARSE_ERROR, { $ref: 'nowhere' }],
  [PARSE_ERROR, JSON.parse('{"__proto__":[1]}')],
  [PARSE_ERROR, { constructor: [1] }],
];

describe('logic', () => {
  test.each(ROWS)('%j: %j', (expected, rule) => {
    expect(resultOf(rule, DATA)).toEqual(expected);
  });
});

describe('what is no operator', () => {
  test.each(LITERALS)('%j: %j', (expected, rule) => {
    expect(resultOf(rule, DATA)).toEqual(expected);
  });
});

import { describe, expect, test } from 'vitest';
import { PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const ROWS: readonly Row[] = [
  [6, { '+': [1, 2, 3] }],
  [3, { '+': ['1', '2'] }],
  [3.5, { '+': ['3.5'] }],
  [3.5, { '+': '3.5' }],
  [0, { '+': [] }],
  [1, { '+': ['x', 1] }],
  [0.25, { '+': ['0x1p-2'] }],
  [-16, { '+': ['-0x_1p4'] }],
  [0, { '+': ['0x10'] }],
  [0, { '+': ['1__0'] }],
  [1000, { '+': ['1_000'] }],
  [PARSE_ERROR, { '+': [true, 1] }],
  [PARSE_ERROR, { '+': [null, 1] }],
  [PARSE_ERROR, { '+': { var: 'absent' } }],
  [-5, { '-': [5] }],
  [2, { '-': [5, 2, 1] }],
  [0, { '-': [] }],
  [PARSE_ERROR, { '-': 5 }],
  [24, { '*': [2, 3, '4'] }],
  [1, { '*': [] }],
  [PARSE_ERROR, { '*': [[]] }],
  [3.5, { '/': [7, 2] }],
  [7, { '/': [7] }],
  [0, { '/': [] }],
  [PARSE_ERROR, { '/': [1, 0] }],
  ['infinite', { if: [{ '/': [1, 0] }, 'infinite'] }],
  [1, { '%': [7, 3] }],
  [-1, { '%': [-7, 3] }],
  [PARSE_ERROR, { '%': [7] }],
  [PARSE_ERROR, { '%': [7, 0] }],
  [3, { max: [1, 3, 2] }],
  [3, { max: ['3'] }],
  [null, { max: [] }],
  [1, { min: [1, 'x', 3].slice(0, 1) }],
  [0, { min: [1, 'x', 3] }],
  [null, { min: [] }],
  [PARSE_ERROR, { min: 1 }],
  // What is no number compares with nothing, so what was there stays.
  [1, { max: [1, { '%': [1, 0] }] }],
  [2, { abs: -2 }],
  [2, { abs: ['-2'] }],
  [PARSE_ERROR, { abs: [] }],
  // Of equal numbers the first stays; a single operand is itself.
  [-0, { '+': [-0] }],
  [0, { max: [0, -0] }],
  [0, { min: [0, -0] }],
  // A text is no list of operands.
  [PARSE_ERROR, { '-': '' }],
  [PARSE_ERROR, { '-': '5' }],
  [PARSE_ERROR, { '%': '73' }],
];

describe('arithmetic', () => {
  test.each(ROWS)('%j: %j', (expected, rule) => {
    expect(resultOf(rule)).toBe(expected);
  });
});

import { describe, expect, test } from 'vitest';
import { GENERAL, PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const ROWS: readonly Row[] = [
  ['ab', { cat: ['a', 'b'] }],
  ['a1.5', { cat: ['a', 1.5] }],
  ['ax', { cat: ['a', null, 'x'] }],
  ['a', { cat: 'a' }],
  ['', { cat: [] }],
  // Only joined text loses the blanks at its ends.
  [' a ', { cat: [' a '] }],
  ['a b', { cat: [' a', ' b \u2003'] }],
  ['\ufeffa', { cat: ['\ufeff', 'a'] }],
  ['1000000000000000000000', { cat: [1e21] }],
  ['0.0000001', { cat: [1e-7] }],
  ['-120000000000000000000000', { cat: [-1.2e23] }],
  ['+Inf-Inf', { cat: [{ '/': [1, 0] }, { '/': [-1, 0] }] }],
  ['NaN', { cat: [{ '%': [1, 0] }] }],
  ['-0', { cat: [{ '-': [0] }] }],
  [PARSE_ERROR, { cat: ['a', true] }],
  [PARSE_ERROR, { cat: [['a'], 'b'] }],
  [PARSE_ERROR, { cat: 1 }],
  ['bc', { substr: ['abc', 1] }],
  ['b', { substr: ['abc', 1, 1] }],
  ['c', { substr: ['abc', -1] }],
  ['a', { substr: ['abc', 0, -2] }],
  ['abc', { substr: ['abc', -9] }],
  ['abc', { substr: ['abc', 9] }],
  ['', { substr: ['abc', 3] }],
  ['😀', { substr: ['a😀b', 1, 1] }],
  ['2', { substr: [12, '1', '1'] }],
  ['abc', { substr: ['abc', { '/': [1, 0] }] }],
  ['b', { substr: ['abc', 1.9, 1.9] }],
  ['bc', { substr: ['abc', 1, 1, 1] }],
  [PARSE_ERROR, { substr: ['abc', 2, -2] }],
  [PARSE_ERROR, { substr: ['abc'] }],
  [PARSE_ERROR, { substr: [true, 1] }],
  [true, { starts_with: ['abc', 'a'] }],
  [true, { starts_with: ['abc', ''] }],
  [false, { starts_with: ['ABC', 'a'] }],
  [null, { starts_with: ['1', 1] }],
  [null, { starts_with: ['a', 'b', 'c'] }],
  [null, { starts_with: 'a' }],
  [true, { ends_with: ['été', 'é'] }],
  [false, { ends_with: ['abc', 'abcd'] }],
  [null, { ends_with: [null, 'a'] }],
  [null, { ends_with: [] }],
  ['😀', { substr: ['😀😀', 0, 1] }],
  ['a😀', { substr: ['a😀b', 0, 2] }],
  [PARSE_ERROR, { substr: 'a1' }],
  [true, { starts_with: { var: 'pair' } }, { pair: ['abc', 'a'] }],
  [null, { starts_with: { var: 'pair' } }, { pair: ['abc'] }],
];

describe('text operators', () => {
  test.each(ROWS)('%j: %j', (expected, rule, data) => {
    expect(resultOf(rule, data)).toBe(expected);
  });

  test('make no text beyond the limit', () => {
    const doubling = { cat: [{ var: 'accumulator' }, { var: 'accumulator' }] };
    const rule = (times: number) => ({ reduce: [new Array(times).fill(1), doubling, 'x'] });
    expect(resultOf(rule(16))).toHaveLength(65_536);
    expect(resultOf(rule(17))).toBe(GENERAL);
    expect(resultOf({ cat: ['x', { var: 'long' }, ''] }, { long: 'x'.repeat(65_536) })).toBe(GENERAL);
  });
});

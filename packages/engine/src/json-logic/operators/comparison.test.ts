import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../model.ts';
import { GENERAL, PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const ROWS: readonly Row[] = [
  [true, { '==': [1, '1'] }],
  [true, { '==': [1, '1_0e-1'] }],
  [true, { '==': [true, 1] }],
  [true, { '==': [false, ''] }],
  [true, { '==': ['', 0] }],
  [true, { '==': [' \t', 0] }],
  [false, { '==': [' 1', 1] }],
  [false, { '==': ['', '0'] }],
  [false, { '==': [null, 0] }],
  [false, { '==': [null, false] }],
  [true, { '==': [null, null] }],
  [true, { '==': [{ var: 'absent' }, null] }],
  [false, { '==': [true, 'true'] }],
  [false, { '==': [[1], [1]] }],
  [false, { '==': [[1], 1] }],
  [false, { '==': [1] }],
  [PARSE_ERROR, { '==': 1 }],
  [false, { '!=': [1, '1'] }],
  [true, { '!=': [null, 0] }],
  [true, { '!=': [1] }],
  [false, { '===': [1, '1'] }],
  [true, { '===': ['a', 'a'] }],
  [true, { '===': [null, null] }],
  [false, { '===': [[], []] }],
  [false, { '===': 1 }],
  [true, { '!==': [1, '1'] }],
  [true, { '!==': 1 }],
  [false, { '!==': [true, true] }],
  // Order: texts as texts, everything else as numbers.
  [false, { '>': ['10', '9'] }],
  [true, { '>': ['10', 9] }],
  [true, { '>': ['b', 'a'] }],
  [true, { '<': ['a', 'ab'] }],
  [true, { '<': ['\uffff', '😀'] }],
  [false, { '>': ['x', 1] }],
  [false, { '<': ['x', 1] }],
  [true, { '>': [null, -1] }],
  [false, { '<=': [null, 0] }],
  [true, { '<=': ['a', 'a'] }],
  [true, { '>=': [1, true] }],
  [true, { '>': ['inf', 1] }],
  [false, { '>': ['1e999', 1] }],
  [false, { '<': [1] }],
  [PARSE_ERROR, { '<': 1 }],
  // Between.
  [true, { '<': [1, 2, 3] }],
  [false, { '<': [1, 3, 2] }],
  [true, { '<=': [1, 1, 3] }],
  [true, { '>': [3, 2, 1] }],
  [false, { '>=': [3, 2, 2.5] }],
  [true, { '<': [1, 2, 0, 0] }],
  [false, { '===': [] }],
  [true, { '!==': [] }],
  [false, { '===': [{ var: '' }, { var: '' }] }],
  [true, { '!==': [{ var: '' }, { var: '' }] }],
];

describe('comparisons', () => {
  test.each(ROWS)('%j: %j', (expected, rule) => {
    expect(resultOf(rule)).toBe(expected);
  });

  test.each<[string, JsonValue, JsonValue]>([
    ['==', [1, '1'], true],
    ['==', [1, 2], false],
    ['==', [1], false],
    ['==', [1, 1, 2], true],
    ['==', 1, PARSE_ERROR],
    ['!=', [1, 2], true],
    ['!=', [1, '1'], false],
    ['!=', [1], true],
    ['===', ['a', 'a'], true],
    ['===', ['a', 'b'], false],
    ['===', ['ab', 'b'], false],
    ['===', [1, '1'], false],
    ['===', ['1', 1], false],
    ['===', [null, null], true],
    ['===', [[], []], false],
    ['===', ['a'], false],
    ['===', 1, false],
    ['!==', ['a', 'a'], false],
    ['!==', ['a', 'b'], true],
    ['!==', ['a'], true],
    ['!==', 1, true],
    ['<', [1, 2], true],
    ['<', [2, 1], false],
    ['<', [1], false],
    ['<', [1, 3, 2], false],
    ['<', 1, PARSE_ERROR],
  ])('%s over the list %j is %j', (name, argument, expected) => {
    expect(resultOf({ [name]: { var: 'argument' } }, { argument })).toBe(expected);
  });

  test('count the blanks that they read', () => {
    const data = { blank: ' '.repeat(65_536) };
    const often = (times: number): JsonValue => ({
      or: new Array<JsonValue>(times).fill({ '<': [{ var: 'blank' }, 0] }),
    });
    expect(resultOf(often(20), data)).toBe(false);
    expect(resultOf(often(30), data)).toBe(GENERAL);
  });
});

import { describe, expect, test } from 'vitest';
import { PARSE_ERROR, type Row, resultOf } from '../outcome.fixture.ts';

const LONG = Array.from({ length: 20 }, (_, index) => `user-${index}`);
const DATA = {
  a: 'a',
  one: 1,
  object: { k: 1, l: 2 },
  objects: [{ k: 1, l: 2 }],
  long: 'user-19',
  other: 'user-20',
};

const ROWS: readonly Row[] = [
  [true, { in: ['b', 'abc'] }],
  [true, { in: ['', 'abc'] }],
  [PARSE_ERROR, { in: [1, 'abc'] }],
  [true, { in: [{ var: 'a' }, ['a', 'b']] }],
  [false, { in: ['c', ['a', 'b']] }],
  [false, { in: ['a', null] }],
  [false, { in: ['a'] }],
  [false, { in: ['a', 5] }],
  [true, { in: [null, [null]] }],
  [true, { in: [true, [1, true]] }],
  [true, { in: [1, ['1']] }],
  [false, { in: ['1', [1]] }],
  [PARSE_ERROR, { in: [1, [true]] }],
  [PARSE_ERROR, { in: [1, [null]] }],
  [true, { in: [1, [1, null]] }],
  // A list in the list is a range.
  [true, { in: [5, [[1, 5]]] }],
  [false, { in: [6, [[1, 5]]] }],
  [false, { in: [0, [[1, 5]]] }],
  [true, { in: [1, [[1, 5]]] }],
  [true, { in: ['3', [['1', 5]]] }],
  [PARSE_ERROR, { in: [3, [[1]]] }],
  [PARSE_ERROR, { in: [true, [[1, 2]]] }],
  [PARSE_ERROR, { in: [{ var: 'object' }, [{ a: 1, b: 2 }]] }],
  [PARSE_ERROR, { in: [] }],
  [PARSE_ERROR, { in: 'a' }],
  // Long lists of texts are looked up.
  [true, { in: [{ var: 'long' }, LONG] }],
  [false, { in: [{ var: 'other' }, LONG] }],
  [false, { in: [{ var: 'absent' }, LONG] }],
  [false, { in: [{ var: 'one' }, LONG] }],
  [false, { in: [{ var: 'object' }, LONG] }],
  [[1, 2, 3], { merge: [[1], [2, 3]] }],
  [[1, [2], null], { merge: [1, [[2]], null] }],
  [['a'], { merge: { var: 'a' } }],
  [[], { merge: [] }],
  [PARSE_ERROR, { merge: null }],
  [PARSE_ERROR, { merge: { var: 'object' } }],
  [
    true,
    {
      contains_all: [
        ['a', 'b', 1],
        ['a', 1],
      ],
    },
  ],
  [false, { contains_all: [['a'], ['a', 'b']] }],
  [false, { contains_all: [['1'], [1]] }],
  [false, { contains_all: [['a']] }],
  [
    true,
    {
      contains_any: [
        ['a', 'b'],
        ['x', 'b'],
      ],
    },
  ],
  [false, { contains_any: ['ab', ['a']] }],
  [true, { contains_none: [['a'], ['b']] }],
  [true, { contains_none: ['a', 'a'] }],
  [PARSE_ERROR, { contains_any: [[[1]], [[1]]] }],
  [true, { in: [{ var: 'one' }, [...LONG, '1']] }],
  [true, { in: ['a', [{ var: 'a' }, ...LONG]] }],
  [true, { in: ['a', [...LONG, { var: 'a' }]] }],
  [PARSE_ERROR, { in: ['user-1', LONG, { '+': [true] }] }],
  [true, { in: ['a', ['a'], 'x'] }],
  [PARSE_ERROR, { in: [0, [[1]]] }],
  // Two lists, no more.
  [false, { contains_all: [['a'], ['a'], 'x'] }],
  [true, { contains_none: [['a'], ['a'], 'x'] }],
  [false, { contains_all: null }],
  [true, { contains_none: 1 }],
  [false, { contains_none: [['a'], ['a', 'b']] }],
  // Only two lists or two objects cannot be compared.
  [PARSE_ERROR, { contains_any: [{ var: 'objects' }, { var: 'objects' }] }],
  [false, { contains_any: [{ var: 'objects' }, ['x']] }],
  [false, { contains_any: [['x'], { var: 'objects' }] }],
  [false, { contains_any: [[null], { var: 'objects' }] }],
  [false, { contains_any: [{ var: 'objects' }, [null]] }],
  [false, { contains_any: [[[1]], { var: 'objects' }] }],
];

describe('membership', () => {
  test.each(ROWS)('%j: %j', (expected, rule) => {
    expect(resultOf(rule, DATA)).toEqual(expected);
  });
});

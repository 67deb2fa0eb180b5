import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../model.ts';
import { GENERAL, PARSE_ERROR, type Row, resultOf } from './outcome.fixture.ts';

const SUM: JsonValue = { '+': [1, 2] };
const PEOPLE: JsonValue = [{ age: 30 }, { age: 20 }];
const DATA: JsonValue = { people: PEOPLE, age: 25, city: 'Bonn' };
const BELOW_25: JsonValue = { '<': [{ var: 'age' }, 25] };

const ones = (count: number): JsonValue => new Array<JsonValue>(count).fill(1);

const ROWS: readonly Row[] = [
  // One var without a value does not keep the others from being filled in.
  [[], { filter: [{ var: 'people' }, { and: [BELOW_25, { '!': [{ var: 'absent' }] }] }] }, DATA],
  [false, { some: [{ var: 'people' }, { and: [BELOW_25, { '!': [{ var: 'absent' }] }] }] }, DATA],
  // Without a value for any of them the item's are used.
  [[{ age: 20 }], { filter: [{ var: 'people' }, BELOW_25] }, { people: PEOPLE }],
  // One object among scalars is read as an expression; text that looks like one is none.
  [true, { all: [{ var: 'l' }, { '==': [{ var: 'a' }, { var: 'b' }] }] }, { l: [{ a: 3, b: SUM }] }],
  [true, { all: [{ var: 'l' }, { '==': [{ var: 'b' }, { var: 'a' }] }] }, { l: [{ a: 3, b: SUM }] }],
  [false, { all: [{ var: 'l' }, { '==': [{ var: 'a' }, 3] }] }, { l: [{ a: '{"+":[1,2]}' }] }],
  // What is neither list nor object stays as written.
  [PEOPLE, { filter: [{ var: 'people' }, { '!=': [{ var: 'age' }, null] }] }, DATA],
  // A body that is no object is no body.
  [PARSE_ERROR, { all: [{ var: 'people' }, [BELOW_25]] }, DATA],
  [PARSE_ERROR, { none: [{ var: 'people' }, 'age'] }, DATA],
  // A body whose form counts is filled in whatever the values are.
  [PARSE_ERROR, { all: [[{ c: true }], { and: { var: 'c' } }] }],
];

describe('the body of a list operator', () => {
  test.each(ROWS)('%j: %j of %j', (expected, rule, data) => {
    expect(resultOf(rule, data)).toEqual(expected);
  });

  test('takes as many steps for each item as it has values', () => {
    const wide = (path: string): JsonValue => ({
      filter: [{ var: 'l' }, { if: [{ var: path }, 0, ...new Array<JsonValue>(995).fill(0)] }],
    });
    expect(resultOf(wide('.y'), { l: ones(90) })).toEqual([]);
    expect(resultOf(wide('.y'), { l: ones(110) })).toBe(GENERAL);
    expect(resultOf(wide('y'), { l: ones(80), y: 1 })).toEqual([]);
    expect(resultOf(wide('y'), { l: ones(110), y: 1 })).toBe(GENERAL);
  });

  test('costs nothing for what is written before it', () => {
    const filler: JsonValue = { in: ['a', new Array<JsonValue>(15_000).fill('x')] };
    const few: JsonValue = { filter: [{ var: 'l' }, { '>': [{ var: '' }, 0] }] };
    expect(resultOf({ if: [filler, 'a', few] }, { l: ones(10) })).toHaveLength(10);
  });

  test('is an expression inside data only once it is filled in, and only while it is evaluated', () => {
    const nested = (depth: number, path: string): JsonValue =>
      depth === 0
        ? true
        : {
            filter: [
              { var: '.l' },
              { and: [{ '==': [{ var: `${path}${depth}` }, 1] }, nested(depth - 1, path)] },
            ],
          };
    const isFound = (depth: number, path: string): JsonValue => {
      let data: JsonObject = { '': 1 };
      for (let level = 1; level <= depth; level += 1) data = { [`y${level}`]: 1, l: [data] };
      return resultOf({ '!!': [nested(depth, path)] }, data);
    };
    expect(isFound(5, 'y')).toBe(true);
    expect(isFound(6, 'y')).toBe(GENERAL);
    expect(isFound(6, 'absent')).toBe(false);
    const many = { l: ones(20), y: 1 };
    expect(resultOf({ none: [{ var: 'l' }, { '==': [{ var: 'y' }, 2] }] }, many)).toBe(true);
    let plain: JsonValue = true;
    let data: JsonValue = 1;
    for (let level = 0; level < 7; level += 1) {
      plain = { some: [{ var: '' }, { and: [plain] }] };
      data = [data];
    }
    expect(resultOf(plain, data)).toBe(true);
  });
});

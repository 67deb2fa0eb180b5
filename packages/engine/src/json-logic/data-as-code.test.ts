import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../model.ts';
import { GENERAL, PARSE_ERROR, resultOf } from './outcome.fixture.ts';

const valueAt = (path: string): JsonValue => ({ if: [true, { var: path }] });

/** Members a0, a1, ... of which each is an expression that answers what the next one is. */
function chain(length: number, end: JsonValue): JsonValue {
  const links = Array.from({ length }, (_, index) => [`a${index}`, valueAt(`a${index + 1}`)]);
  return { ...Object.fromEntries(links), [`a${length}`]: end };
}

describe('expressions inside data', () => {
  test('may come out of each other to a fixed depth; what is no expression is of no depth', () => {
    expect(resultOf(valueAt('a0'), chain(5, 'end'))).toBe('end');
    expect(resultOf(valueAt('a0'), chain(5, null))).toBeNull();
    expect(resultOf(valueAt('a0'), chain(6, 'end'))).toBe(GENERAL);
    expect(resultOf(valueAt('a0'), chain(4, { missing: ['b', 'c'] }))).toEqual(['b', 'c']);
    expect(resultOf(valueAt('a0'), chain(4, { '+': [1, 2] }))).toBe(3);
    expect(resultOf(valueAt('a0'), chain(5, { '+': [1, 2] }))).toBe(GENERAL);
    expect(resultOf(valueAt('a'), { a: valueAt('a') })).toBe(GENERAL);
  });

  test('may follow each other as often as there is budget', () => {
    const many = new Array<JsonValue>(20).fill(valueAt('a'));
    expect(resultOf({ '+': many }, { a: { '+': [1, 2] } })).toBe(60);
    expect(resultOf({ missing: [valueAt('a')] }, { a: 'b' })).toEqual(['b']);
  });

  test('have as many values as an expression, data inside them counted', () => {
    const zeros = (length: number): JsonValue => new Array<JsonValue>(length).fill(0);
    const plus = (length: number): JsonValue => ({ a: { '+': zeros(length) } });
    expect(resultOf(valueAt('a'), plus(19_998))).toBe(0);
    expect(resultOf(valueAt('a'), plus(19_999))).toBe(GENERAL);
    const second = (length: number): JsonValue => ({ a: { '!!': [{ data: zeros(length), more: null }] } });
    expect(resultOf(valueAt('a'), second(19_995))).toBe(true);
    expect(resultOf(valueAt('a'), second(19_996))).toBe(GENERAL);
  });

  test('are nested as deep as an expression, data inside them included', () => {
    const nested = (depth: number, end: JsonValue): JsonValue =>
      depth === 0 ? end : { '!!': nested(depth - 1, end) };
    expect(resultOf(valueAt('a'), { a: nested(150, 1) })).toBe(true);
    expect(resultOf(valueAt('a'), { a: nested(151, 1) })).toBe(GENERAL);
    const pair: JsonValue = { x: 1, y: 1 };
    expect(resultOf(valueAt('a'), { a: nested(149, pair) })).toBe(true);
    expect(resultOf(valueAt('a'), { a: nested(150, pair) })).toBe(GENERAL);
    const cyclic: Record<string, JsonValue> = { more: 1 };
    cyclic['self'] = cyclic;
    expect(resultOf(valueAt('a'), { a: { '!!': [cyclic] } })).toBe(GENERAL);
  });

  test('cost steps of the same budget', () => {
    const data = { a: { '+': new Array<JsonValue>(998).fill(0) } };
    const times = (count: number): JsonValue => ({ '+': new Array<JsonValue>(count).fill(valueAt('a')) });
    expect(resultOf(times(40), data)).toBe(0);
    expect(resultOf(times(110), data)).toBe(GENERAL);
  });

  test('with text cost steps of its length', () => {
    const compare = (count: number): JsonValue => ({
      '+': new Array<JsonValue>(count).fill({ if: [{ '==': [{ var: 'a' }, { var: 'b' }] }, 1, 0] }),
    });
    const data = { a: 'x'.repeat(16_000), b: 'x'.repeat(16_000) };
    expect(resultOf(compare(30), data)).toBe(30);
    expect(resultOf(compare(200), data)).toBe(GENERAL);
  });

  test('that are no expressions at all fail', () => {
    expect(resultOf(valueAt('a'), { a: { bogus: 1 } })).toBe(PARSE_ERROR);
  });
});

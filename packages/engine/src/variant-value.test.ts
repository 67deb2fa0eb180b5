import { describe, expect, test } from 'vitest';
import type { FlagKind, JsonValue } from './model.ts';
import { frozenCopy, hasFiniteNumbers, hasKind, jsonChars, kindOfAnswer } from './variant-value.ts';

describe('a value', () => {
  test.each<[JsonValue, string]>([
    [true, 'BOOLEAN ANY'],
    ['text', 'STRING ANY'],
    ['', 'STRING ANY'],
    [0, 'NUMBER ANY'],
    [1.5, 'NUMBER ANY'],
    [Number.NaN, ''],
    [Number.POSITIVE_INFINITY, ''],
    [{}, 'OBJECT ANY'],
    [[], 'ANY'],
    [null, 'ANY'],
  ])('%j is of kind %s', (value, kinds) => {
    const all = ['BOOLEAN', 'STRING', 'NUMBER', 'OBJECT', 'ANY'];
    expect(all.filter((kind) => hasKind(value, `FLAG_KIND_${kind}` as FlagKind)).join(' ')).toBe(kinds);
  });

  test.each<[FlagKind, JsonValue | undefined, FlagKind]>([
    ['FLAG_KIND_ANY', 1, 'FLAG_KIND_NUMBER'],
    ['FLAG_KIND_ANY', 'x', 'FLAG_KIND_STRING'],
    ['FLAG_KIND_ANY', [], 'FLAG_KIND_ANY'],
    ['FLAG_KIND_ANY', undefined, 'FLAG_KIND_ANY'],
    ['FLAG_KIND_STRING', undefined, 'FLAG_KIND_STRING'],
    ['FLAG_KIND_OBJECT', {}, 'FLAG_KIND_OBJECT'],
  ])('of a flag of %s, %j, is answered as %s', (kind, value, answered) => {
    expect(kindOfAnswer(kind, value)).toBe(answered);
  });

  test.each<[string, (inner: JsonValue) => JsonValue]>([
    ['lists', (inner) => [inner]],
    ['objects', (inner) => ({ inner })],
  ])('of %s is copied 32 deep, and no deeper', (_name, wrap) => {
    let value: JsonValue = 'x';
    for (let depth = 1; depth <= 32; depth += 1) value = wrap(value);
    expect(frozenCopy(value)).toEqual(value);
    expect(frozenCopy(value)).not.toBe(value);
    expect(frozenCopy(wrap(value))).toBeUndefined();
    expect(frozenCopy([1, wrap(value)])).toBeUndefined();
  });

  test('is copied frozen in depth', () => {
    const copy = frozenCopy({ list: [{ a: 1 }], none: null }) as { list: [object] };
    expect([copy, copy.list, copy.list[0]].every(Object.isFrozen)).toBe(true);
  });

  test.each<[JsonValue, boolean]>([
    [1, true],
    [Number.NaN, false],
    ['x', true],
    [null, true],
    [{ a: [1, { b: Number.POSITIVE_INFINITY }] }, false],
    [{ a: [1, { b: null }], c: 'x' }, true],
  ])('%j has finite numbers alone: %s', (value, finite) => {
    expect(hasFiniteNumbers(value)).toBe(finite);
  });

  test.each<[JsonValue, number]>([
    [true, 8],
    [1.23456789, 8],
    ['abc', 5],
    [{ a: [1, 2] }, 11],
    [null, 4],
  ])('%j counts %i characters', (value, chars) => {
    expect(jsonChars(value)).toBe(chars);
  });
});

import { describe, expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import { Walk } from '../walk.ts';
import { Run } from './expression.ts';
import { isPlainName, variantText } from './variant-text.ts';

const walk = new Walk({ flag: () => undefined, segment: () => undefined });
const textOf = (result: JsonValue, root: JsonValue = null): string | undefined =>
  variantText(result, new Run(walk, { operators: new Map(), flagKey: 'f' }, root));

describe('the name that a result stands for', () => {
  test.each<[JsonValue, string]>([
    ['a', 'a'],
    ['', ''],
    ['null', 'null'],
    ['überraschung 😀', 'überraschung 😀'],
    [true, 'true'],
    [1, '1'],
    [-0, '-0'],
    [3.5, '3.5'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    ['a<b>&c', 'a\\u003cb\\u003e\\u0026c'],
    ['say "hi"', 'say \\hi\\'],
    ['back\\slash', 'back\\\\slash'],
    ['<', '\\u003c'],
    ['\n', '\\n'],
    ['line\n\u0001\u2028', 'line\\n\\u0001\\u2028'],
    ['\u007f', '\u007f'],
    [[], '[]'],
    [['a', 1, null, [true]], '[a,1,null,[true]]'],
    [{ b: 'x', a: {} }, '{a:{},b:x}'],
  ])('%j is %s', (result, name) => {
    expect(textOf(result)).toBe(name);
  });

  test('holds $flagd where the data as a whole is shown, whatever its own member says', () => {
    const root = { b: 1, $flagd: 'mine', $z: {} };
    walk.begin({}, 2_500, undefined);
    expect(textOf([root], root)).toBe('[{$flagd:{flagKey:f,timestamp:2},$z:{},b:1}]');
    expect(textOf([{ ...root }], root)).toBe('[{$flagd:mine,$z:{},b:1}]');
  });

  test('is nothing for what is too long, too deep or cyclic', () => {
    const cyclic: Record<string, JsonValue> = {};
    cyclic['a'] = cyclic;
    cyclic['b'] = cyclic;
    expect(textOf(cyclic)).toBeUndefined();
    expect(textOf('x'.repeat(4_097))).toBeUndefined();
    expect(textOf(new Array<JsonValue>(1_000_000).fill(1))).toBeUndefined();
  });

  test('is as long as an operand at most; text alone counts before it is escaped', () => {
    const { operandChars } = LIMITS;
    const longest = 'x'.repeat(operandChars - 2);
    expect(textOf('<'.repeat(operandChars))).toBe('\\u003c'.repeat(operandChars));
    expect(textOf([longest])).toBe(`[${longest}]`);
    expect(textOf([`${longest}x`])).toBeUndefined();
    const members = Array.from({ length: operandChars + 1 }, (_, index) => [`m${index}`, 1]);
    expect(textOf(Object.fromEntries(members))).toBeUndefined();
  });

  test.each<[string, (inner: JsonValue) => JsonValue, string]>([
    ['lists', (inner) => [inner], '[1]'],
    ['objects', (inner) => ({ a: inner }), '{a:1}'],
  ])('is as deep as a value at most: %s', (_, wrap, single) => {
    let value: JsonValue = 1;
    for (let depth = 0; depth < LIMITS.valueDepth; depth += 1) value = wrap(value);
    expect(textOf(value)).toContain(single);
    expect(textOf(wrap(value))).toBeUndefined();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, [Number.NEGATIVE_INFINITY]])(
    'is an error for %j',
    (result) => {
      expect(() => textOf(result)).toThrow('not finite');
    },
  );
});

describe('a plain name', () => {
  test.each(['', 'a', 'ü 😀', "it's"])('%j is one', (name) => {
    expect(isPlainName(name)).toBe(true);
  });

  test.each(['a<', '>', '&', '"', '\\', '\n', '\u007f', '\u2028', '\u2029'])('%j is none', (name) => {
    expect(isPlainName(name)).toBe(false);
  });
});

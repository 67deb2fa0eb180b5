import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../model.ts';
import { Walk } from '../walk.ts';
import { Run } from './expression.ts';
import { variantText } from './variant-text.ts';

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

  test.each([Number.NaN, Number.POSITIVE_INFINITY, [Number.NEGATIVE_INFINITY]])(
    'is an error for %j',
    (result) => {
      expect(() => textOf(result)).toThrow('not finite');
    },
  );
});

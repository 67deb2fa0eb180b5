import { describe, expect, it } from 'vitest';
import { findJsonFault } from './json-fault.ts';

const SAMPLE = '{"a": [1, -2.5e+3, true, null, "x\\u00e9\\n"],\n "b": {}, "c": [[], {"d": false}]}';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
}

describe('findJsonFault', () => {
  it('finds a fault exactly where the parser does not take the text', () => {
    const strange = [...'{}[],:"\\ \n0-.eEtu/\u0001x', ''];
    const texts = ['', ' ', '1', '01', '-', '1.', '"', '"\\x"', 'nul', '[1 2]', '\ufeff1', SAMPLE];
    for (let i = 0; i < SAMPLE.length; i++) {
      texts.push(SAMPLE.slice(0, i));
      for (const char of strange) texts.push(SAMPLE.slice(0, i) + char + SAMPLE.slice(i + 1));
    }
    for (const text of texts) expect([text, findJsonFault(text) === undefined]).toEqual([text, isJson(text)]);
  });

  it('is found after texts of any length', () => {
    for (const text of ['x'.repeat(20_000_000), '\\n'.repeat(1_000_000)])
      expect(findJsonFault(`["${text}"`)).toEqual({ offset: text.length + 3, expected: 'a comma or ]' });
  });

  it.each([
    ['', 0, 'a value'],
    ['{"a": 1,}', 8, 'a name in double quotes'],
    ["{'a': 1}", 1, 'a name in double quotes or }'],
    ['{"a" 1}', 5, 'a colon'],
    ['{"a": 1 "b": 2}', 8, 'a comma or }'],
    ['[1, 2', 5, 'a comma or ]'],
    ['[1, ]', 4, 'a value'],
    ['[}', 1, 'a value or ]'],
    ['["a\\x"]', 3, 'a double quote, or a valid character of the text'],
    ['["a\nb"]', 3, 'a double quote, or a valid character of the text'],
    ['{} {}', 3, 'nothing more'],
  ])('of %j stands at %i', (text, offset, expected) => {
    expect(findJsonFault(text)).toEqual({ offset, expected });
  });
});

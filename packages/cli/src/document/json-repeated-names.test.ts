import { expect, it } from 'vitest';
import { repeatedJsonNames } from './json-repeated-names.ts';

it.each([
  ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}', []],
  ['{"a":1,"a":2,"a":3}', [['a', 3]]],
  ['{"flags":{"x":{"state":1 , "state" : 2}}}', [['flags.x.state', 2]]],
  ['{"flags":[{"key":"a"},{"key":"b","key":"c"}]}', [['flags[1].key', 2]]],
  ['[[1,2],[3,{"a b":1,"a b":2}]]', [['[1][1]."a b"', 2]]],
  // Texts that look like names, or like structure.
  ['{"a":"a","b":["a","a"],"c":"{\\"a\\":1,\\"a\\":2}"}', []],
  ['{"a\\"":1,"a\\u0022":2}', [['"a\\""', 2]]],
  ['"a"', []],
])('%s repeats %j', (text, repeated) => {
  expect(repeatedJsonNames(text).map(({ path, times }) => [path, times])).toEqual(repeated);
});

it('takes a long text, and one that is deeply nested', () => {
  expect(repeatedJsonNames(`{"a":"${'x'.repeat(1_000_000)}","a":1}`)).toEqual([{ path: 'a', times: 2 }]);
  expect(repeatedJsonNames('['.repeat(100_000) + ']'.repeat(100_000))).toEqual([]);
});

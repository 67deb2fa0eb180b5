import { expect, it } from 'vitest';
import { mergedFlags } from './merged-flags.ts';
import { type FlagdFlags, readFlagdText } from './read-flagd-text.ts';

const flag = (value: unknown, more: object = {}): object => ({
  state: 'ENABLED',
  variants: { v: value },
  defaultVariant: 'v',
  ...more,
});
const read = (file: string, flags: object): FlagdFlags =>
  readFlagdText(
    { file, text: JSON.stringify({ flags }) },
    { fractional: undefined, isServed: true, keyProblem: () => undefined },
  );
const listed = (key: string, value: unknown, flagSetId: string): object => ({
  key,
  ...flag(value, { metadata: { flagSetId } }),
});
const valuesOf = (key: string, { flags }: ReturnType<typeof mergedFlags>): unknown[] => {
  const { variants, namesakes } = flags.get(key)!.flag;
  return [variants, ...namesakes.map((namesake) => namesake.flag!.variants)].map(
    ([variant]) => variant!.value,
  );
};

it('of one key the last file comes first, and within a file the last flag set by its name', () => {
  const files = [
    read('a.json', { both: flag('a'), alone: flag('a') }),
    read('b.json', [listed('both', 'b/x', 'x'), listed('both', 'b/y', 'y'), listed('both', 'b/é', 'é')]),
  ];
  const merged = mergedFlags(files);
  expect(valuesOf('both', merged)).toEqual(['b/é', 'b/y', 'b/x', 'a']);
  expect(valuesOf('alone', merged)).toEqual(['a']);
  expect(merged.hidden).toEqual([]);
});

it('a flag that does not fit behind the others is told by its file; the others are there', () => {
  const files = ['a', 'b', 'c'].map((name) => read(`${name}.json`, { large: flag(name.repeat(60_000)) }));
  const all = mergedFlags(files);
  expect(valuesOf('large', all).map((value) => String(value)[0])).toEqual(['c', 'b', 'a']);
  const more = mergedFlags(
    [...'0123', ...'abc'].map((name) =>
      read(`${name}.json`, { large: flag(name.repeat(name === '1' ? 1 : 60_000)) }),
    ),
  );
  expect(valuesOf('large', more).map((value) => String(value)[0])).toEqual(['c', 'b', 'a', '3', '1']);
  expect(more.hidden).toEqual([
    expect.stringMatching(
      /^flag "large" of 2\.json cannot be selected, as all of one .*: The flag has \d+ bytes/,
    ),
    expect.stringMatching(/^flag "large" of 0\.json cannot be selected/),
  ]);
  const many = mergedFlags(Array.from({ length: 102 }, (_, i) => read(`${i}.json`, { small: flag(i) })));
  expect(valuesOf('small', many)).toHaveLength(101);
  expect(many.hidden).toEqual([
    'flag "small" of 0.json cannot be selected, as all of one key are kept together: more than 100 others have its key.',
  ]);
});

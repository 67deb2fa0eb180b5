import { Flag, FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect, test } from 'vitest';
import { withDefaultVariants } from './flag-defaults.ts';

test('variants without a key get their place', () => {
  const variants = [{ value: 'a' }, { key: 'named', value: 'b' }, { value: 'c' }];
  const flag = withDefaultVariants(Flag.fromPartial({ kind: FlagKind.STRING, variants }));
  expect(flag.variants.map(({ key }) => key)).toEqual(['0', 'named', '2']);
});

test('a boolean flag without variants answers on and off, any other flag is left alone', () => {
  const boolean = withDefaultVariants(Flag.fromPartial({ kind: FlagKind.BOOLEAN }));
  expect(boolean.variants.map(({ key, value }) => [key, value])).toEqual([
    ['on', true],
    ['off', false],
  ]);
  expect(boolean.offVariant).toBe('off');
  const text = Flag.fromPartial({ kind: FlagKind.STRING });
  expect(withDefaultVariants(text)).toBe(text);
});

import { describe, expect, it } from 'vitest';
import { didYouMean, nearestWord } from './did-you-mean.ts';

describe('nearestWord', () => {
  const words = ['enabled', 'variants', 'offVariant', 'tags'];

  it.each([
    ['enabeld', 'enabled'],
    ['ofVariant', 'offVariant'],
    ['Tags', 'tags'],
    ['tag', 'tags'],
    ['colour', undefined],
    ['x', undefined],
  ])('%s -> %s', (word, meant) => {
    expect(nearestWord(word, words)).toBe(meant);
  });

  it('does not look at text that is no word', () => {
    expect(nearestWord('enabled'.repeat(1000), ['enabled'.repeat(1000)])).toBeUndefined();
    expect(didYouMean('zzz', words)).toBe('');
  });
});

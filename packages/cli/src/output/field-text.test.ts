import { describe, expect, it } from 'vitest';
import { fieldText } from './field-text.ts';

const before = { enabled: true, rules: [{ id: 'a', serve: { variant: 'on' } }], tags: ['x'], owner: 'o' };
const after = { rules: [{ id: 'a', serve: { variant: 'off' } }], tags: ['y'], owner: 'x'.repeat(50) };

describe('fieldText', () => {
  it.each([
    ['enabled', 'enabled true → false'],
    ['rules[0].serve.variant', 'rules[0].serve.variant "on" → "off"'],
    ['tags', 'tags'],
    ['tags[0]', 'tags[0] "x" → "y"'],
    ['owner', 'owner'],
    ['nowhere.at.all', 'nowhere.at.all'],
  ])('of %s', (path, text) => {
    expect(fieldText(path, { before, after })).toBe(text);
  });

  it('tells a field that was left out by what proto JSON leaves out', () => {
    expect(fieldText('weight', { before: {}, after: { weight: 5 } })).toBe('weight 0 → 5');
    expect(fieldText('variant', { before: { variant: 'on' }, after: {} })).toBe('variant "on" → ""');
  });

  it('is the path where a side is another kind of thing, or not known', () => {
    expect(fieldText('serve', { before: { serve: 'on' }, after: { serve: { split: {} } } })).toBe('serve');
    expect(fieldText('enabled', { before })).toBe('enabled');
  });
});

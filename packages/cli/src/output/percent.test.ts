import { describe, expect, it } from 'vitest';
import { parsePercent, percentText } from './percent.ts';

describe('percentages', () => {
  it.each([
    ['10%', 10_000],
    ['10', 10_000],
    ['0%', 0],
    ['100%', 100_000],
    ['33.333%', 33_333],
    ['0.001%', 1],
    ['0.29%', 290],
    ['1.5', 1500],
    ['0', 0],
  ])('%s is %i', (text, weight) => {
    expect(parsePercent(text)).toBe(weight);
  });

  it.each(['', '%', '-1%', '101%', '0.0001%', '10 percent', '1e2'])('refuses %j', (text) => {
    expect(() => parsePercent(text)).toThrow(/is not a percentage|is finer than/);
  });

  it('asks what is meant by a fraction without the sign', () => {
    expect(() => parsePercent('0.5')).toThrow('"0.5" is ambiguous');
    expect(parsePercent('0.5%')).toBe(500);
  });

  it('reads as it was written', () => {
    expect([0, 1, 12_500, 100_000].map(percentText)).toEqual(['0%', '0.001%', '12.5%', '100%']);
  });
});

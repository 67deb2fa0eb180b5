import { describe, expect, test } from 'vitest';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import type { ComparisonDefinition, Evaluation, JsonValue } from '../index.ts';

/** What a flag answers with so many rules of one comparison each, of the attribute x. */
function answerTo(x: JsonValue, rules: number, comparison: ComparisonDefinition): Evaluation {
  const config = {
    enabled: true,
    rules: Array.from({ length: rules }, (_, index) => ({
      id: `r${index}`,
      condition: { compare: { ...comparison, attribute: 'x' } },
      serve: { variant: 'on' },
    })),
    fallthrough: { variant: 'off' },
  };
  return setOf([switchUnit('f', config)]).evaluate('f', { x }, 0);
}

const many = (length: number, item: (index: number) => string): string[] =>
  Array.from({ length }, (_, i) => item(i));

const OVER_BUDGET = {
  errorCode: 'GENERAL',
  errorMessage: 'The evaluation takes more than 100000 steps over this context.',
};

describe('comparisons of large values', () => {
  test.each<[string, JsonValue, number, ComparisonDefinition]>([
    [
      'equality over a thousand elements',
      many(1_000, (i) => `group-${i}`),
      500,
      { operator: 'in', values: ['admins'] },
    ],
    [
      'versions over a few elements',
      many(50, (i) => `1.0.${i}`),
      100,
      { operator: 'semverGt', values: ['2.0.0'] },
    ],
    [
      'thousands of operands over usual text',
      'Mozilla/5.0 '.repeat(20),
      1,
      { operator: 'contains', values: many(9_000, (i) => `bot-${i}`) },
    ],
    ['one operand over the longest text', 'a'.repeat(8_192), 500, { operator: 'contains', values: ['b'] }],
  ])('of usual size are decided: %s', (_, x, rules, comparison) => {
    expect(answerTo(x, rules, comparison)).toMatchObject({ variant: 'off', reason: 'DEFAULT' });
  });

  test.each<[string, JsonValue, number, ComparisonDefinition]>([
    [
      'versions over a thousand elements',
      many(1_000, (i) => `1.0.${i}`),
      500,
      { operator: 'semverGt', values: ['2.0.0'] },
    ],
    [
      'thousands of operands over the longest text',
      'a'.repeat(8_192),
      1,
      { operator: 'contains', values: many(9_000, (i) => `b${i}`) },
    ],
    [
      'operands over many long texts',
      many(100, () => 'a'.repeat(8_192)),
      1,
      { operator: 'contains', values: many(100, (i) => `b${i}`) },
    ],
    [
      'expressions over many texts',
      many(1_000, () => 'a'.repeat(1_024)),
      1,
      { operator: 'matches', values: ['(a|b){90}c'] },
    ],
  ])('that would take too long are left with an error: %s', (_, x, rules, comparison) => {
    expect(answerTo(x, rules, comparison)).toMatchObject(OVER_BUDGET);
  });

  test('ignore case no longer where no operand can be that long', () => {
    const long = `${'İ'.repeat(4_096)}`;
    const ignoring = { operator: 'equals', ignoreCase: true };
    expect(answerTo(long.toLowerCase(), 1, { ...ignoring, values: [long] }).variant).toBe('on');
    expect(answerTo('A'.repeat(1_000_000), 500, { ...ignoring, values: ['a'] }).variant).toBe('off');
  });
});

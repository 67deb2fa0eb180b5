import { describe, expect, test } from 'vitest';
import { holds, ruleConfig, switchUnit } from '../definitions.fixture.ts';
import type { ComparisonDefinition, JsonValue } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';
import { OPERATORS } from './dialects.ts';

type Row = readonly [
  operator: string,
  values: readonly JsonValue[],
  actual: JsonValue | undefined,
  matched: boolean,
];

function matches(comparison: ComparisonDefinition, actual: JsonValue | undefined): boolean {
  return holds({ compare: { attribute: 'x', ...comparison } }, actual === undefined ? {} : { x: actual });
}

const ROWS: readonly Row[] = [
  ['equals', ['a'], 'a', true],
  ['equals', ['a'], 'A', false],
  ['equals', ['a', 'b'], 'b', true],
  ['equals', [1], 1, true],
  ['equals', [1], '1', false],
  ['equals', [1], true, false],
  ['equals', [true], true, true],
  ['equals', [true], 1, false],
  ['equals', ['true'], true, false],
  ['equals', [0], false, false],
  ['equals', [0], -0, true],
  ['equals', [''], '', true],
  ['equals', ['a'], ['b', 'a'], true],
  ['equals', ['a'], ['b'], false],
  ['equals', ['a'], [['a']], false],
  ['equals', ['a'], { a: 'a' }, false],
  ['notEquals', ['a'], 'b', true],
  ['notEquals', ['a'], 'a', false],
  ['notEquals', ['1'], 1, true],
  ['notEquals', ['a'], ['b', 'a'], false],
  ['notEquals', ['a'], ['b'], true],
  ['notEquals', ['a'], [], true],
  ['in', ['a', 1, true], 1, true],
  ['in', ['a', 1, true], true, true],
  ['in', ['a', 1, true], 'b', false],
  ['in', ['a', 1], [2, 1], true],
  ['in', [1, 2, 3, 4, 5, 6, 7, 8], 8, true],
  ['in', [1, 2, 3, 4, 5, 6, 7, 8, 9], 9, true],
  ['in', [1, 2, 3, 4, 5, 6, 7, 8, 9], 1, true],
  ['in', [1, 2, 3, 4, 5, 6, 7, 8, 9], 10, false],
  ['in', [1, 2, 3, 4, 5, 6, 7, 8, 9], '9', false],
  ['notIn', ['a', 'b'], 'c', true],
  ['notIn', ['a', 'b'], 'b', false],
  ['notIn', ['a', 'b'], ['c', 'a'], false],
  ['lt', [5], 4, true],
  ['lt', [5], 5, false],
  ['lt', [1, 5], 4, true],
  ['lt', [5], '4', false],
  ['lt', [5], [9, 4], true],
  ['lte', [5], 5, true],
  ['lte', [5], 5.000001, false],
  ['gt', [5], 6, true],
  ['gt', [5], 5, false],
  ['gt', [9, 5], 6, true],
  ['gte', [5], 5, true],
  ['gte', [5], 4, false],
  ['gte', [5], true, false],
  ['startsWith', ['ab'], 'abc', true],
  ['startsWith', ['b', 'ab'], 'abc', true],
  ['startsWith', ['bc'], 'abc', false],
  ['startsWith', [''], 'abc', true],
  ['startsWith', ['1'], 12, false],
  ['startsWith', ['ab'], ['x', 'abc'], true],
  ['endsWith', ['bc'], 'abc', true],
  ['endsWith', ['ab'], 'abc', false],
  ['contains', ['b'], 'abc', true],
  ['contains', ['d'], 'abc', false],
  ['contains', ['b'], ['a', 'xbx'], true],
  ['matches', ['^a.c$'], 'abc', true],
  ['matches', ['b'], 'abc', true],
  ['matches', ['^b'], 'abc', false],
  ['matches', ['x', '[[:digit:]]+'], 'a1', true],
  ['matches', ['(?i)ABC'], 'abc', true],
  ['matches', ['1'], 1, false],
  ['matches', ['a'], 'a'.repeat(1_025), false],
  ['matches', ['a'], 'a'.repeat(1_024), true],
  ['semverEquals', ['1.2.3'], '1.2.3', true],
  ['semverEquals', ['1.2.3'], 'v1.2.3+build', true],
  ['semverEquals', ['1.2.3'], '1.2.4', false],
  ['semverLt', ['1.2.3'], '1.2.3-rc.1', true],
  ['semverLt', ['1.2.3'], '1.2.3', false],
  ['semverLt', ['1.10.0'], '1.9.0', true],
  ['semverLte', ['1.2.3'], '1.2.3', true],
  ['semverLte', ['1.2.3'], '1.2.4', false],
  ['semverGt', ['1.2.3-a.5'], '1.2.3-a.b', true],
  ['semverGt', ['1.2.3'], '1.2.3', false],
  ['semverGte', ['1.2.3'], '1.2.3', true],
  ['semverGte', ['1.2.3'], '1.2', false],
  ['semverGte', ['1.2.3'], '1.2.2', false],
  ['semverGte', ['1.2.3'], 1, false],
  ['semverGte', ['0.0.1'], 'latest', false],
  ['before', ['2026-01-31T00:00:00Z'], '2026-01-30T23:59:59Z', true],
  ['before', ['2026-01-31T00:00:00Z'], '2026-01-31T00:00:00Z', false],
  ['before', ['2026-01-31T00:00:00Z'], '2026-01-31T00:30:00+01:00', true],
  ['before', [1_000], 999, true],
  ['before', ['1970-01-01T00:00:01Z'], 999, true],
  ['before', ['2026-01-31T00:00:00Z'], 'yesterday', false],
  ['before', [1_000], false, false],
  ['after', [1_000], Number.POSITIVE_INFINITY, false],
  ['after', [1_000], 1_001, true],
  ['after', [1_000], 1_000, false],
  ['after', [2_000, 1_000], 1_500, true],
  ['inCidr', ['10.0.0.0/8'], '10.1.2.3', true],
  ['inCidr', ['10.0.0.0/8', '2001:db8::/32'], '2001:db8::1', true],
  ['inCidr', ['10.0.0.0/8'], '11.1.2.3', false],
  ['inCidr', ['10.0.0.0/8'], 'localhost', false],
  ['inCidr', ['10.0.0.0/8'], 10, false],
  ['inCidr', ['10.0.0.0/8'], ['192.0.2.1', '10.1.2.3'], true],
  ['exists', [], 'x', true],
  ['exists', [], '', true],
  ['exists', [], false, true],
  ['exists', [], {}, true],
  ['exists', [], null, false],
  ['exists', [], undefined, false],
  ['notExists', [], 'x', false],
  ['notExists', [], null, true],
  ['notExists', [], undefined, true],
  ['arrayContainsAny', ['a', 'b'], ['c', 'b'], true],
  ['arrayContainsAny', ['a', 'b'], ['c'], false],
  ['arrayContainsAny', ['a'], 'a', false],
  ['arrayContainsAny', [1], ['1'], false],
  ['arrayContainsAll', ['a', 'b'], ['b', 'c', 'a'], true],
  ['arrayContainsAll', ['a', 'b'], ['a', 'a'], false],
  ['arrayContainsAll', ['a', 'a'], ['a'], true],
  ['arrayContainsAll', ['a'], 'a', false],
];

describe('operators', () => {
  test.each(ROWS)('%s %j on %j: %s', (operator, values, actual, matched) => {
    expect(matches({ operator, values }, actual)).toBe(matched);
  });

  test('are all in the table above', () => {
    expect([...new Set(ROWS.map(([operator]) => operator))].sort()).toEqual([...OPERATORS].sort());
  });

  test('read the first elements of a long array only', () => {
    const long = [...new Array<string>(1_000).fill('x'), 'a'];
    expect(matches({ operator: 'in', values: ['a'] }, long)).toBe(false);
    expect(matches({ operator: 'arrayContainsAny', values: ['a'] }, long)).toBe(false);
    expect(matches({ operator: 'in', values: ['a'] }, long.slice(1))).toBe(true);
    expect(matches({ operator: 'arrayContainsAny', values: ['a'] }, long.slice(1))).toBe(true);
  });

  test('take text beyond the limit for absent', () => {
    const long = 'a'.repeat(8_193);
    expect(matches({ operator: 'startsWith', values: ['a'] }, long)).toBe(false);
    expect(matches({ operator: 'startsWith', values: ['b'], negate: true }, long)).toBe(false);
    expect(matches({ operator: 'startsWith', values: ['a'] }, long.slice(1))).toBe(true);
  });
});

describe('ignoreCase', () => {
  test.each<Row>([
    ['equals', ['AbC'], 'aBc', true],
    ['equals', ['AbC'], 'abd', false],
    ['equals', ['ß'], 'SS', false],
    ['equals', [1, 'x'], 1, true],
    ['notEquals', ['AbC'], 'aBc', false],
    ['notIn', ['AbC'], 'aBc', false],
    ['in', ['AbC'], ['x', 'aBc'], true],
    ['startsWith', ['AB'], 'abc', true],
    ['endsWith', ['BC'], 'abC', true],
    ['contains', ['É'], 'été', true],
    ['matches', ['^ABC$'], 'abc', true],
    ['arrayContainsAny', ['A'], ['b', 'a'], true],
    ['arrayContainsAll', ['A', 'b'], ['B', 'a'], true],
  ])('%s %j on %j: %s', (operator, values, actual, matched) => {
    expect(matches({ operator, values, ignoreCase: true }, actual)).toBe(matched);
  });
});

test('text is folded only where an operand can be as long', () => {
  const [half, whole] = ['A'.repeat(4_096), 'A'.repeat(8_193)];
  const comparison = { operator: 'equals', values: [half.toLowerCase()], ignoreCase: true };
  expect(matches(comparison, half)).toBe(true);
  expect(matches(comparison, whole)).toBe(false);
});

test('a comparison without an attribute reads the targeting key', () => {
  const condition = { compare: { operator: 'equals', values: ['u'] } };
  expect(holds(condition, { targetingKey: 'u' })).toBe(true);
  expect(holds(condition, { targetingKey: 'v' })).toBe(false);
});

describe('absence and negation', () => {
  const policy = 'MISSING_POLICY_NEGATE';
  test.each<[ComparisonDefinition, JsonValue | undefined, boolean]>([
    [{ operator: 'equals', values: ['a'] }, undefined, false],
    [
      { operator: 'equals', values: ['a'], missing: 'MISSING_POLICY_NO_MATCH', negate: true },
      undefined,
      false,
    ],
    [{ operator: 'equals', values: ['a'], negate: true }, undefined, false],
    [{ operator: 'notEquals', values: ['a'] }, undefined, false],
    [{ operator: 'notEquals', values: ['a'], negate: true }, undefined, false],
    [{ operator: 'equals', values: ['a'], missing: policy }, undefined, false],
    [{ operator: 'equals', values: ['a'], missing: policy, negate: true }, undefined, true],
    [{ operator: 'notEquals', values: ['a'], missing: policy }, undefined, true],
    [{ operator: 'notEquals', values: ['a'], missing: policy, negate: true }, undefined, false],
    [{ operator: 'equals', values: ['a'], negate: true }, 'b', true],
    [{ operator: 'equals', values: ['a'], negate: true }, 'a', false],
    [{ operator: 'notEquals', values: ['a'], negate: true }, 'a', true],
    [{ operator: 'lt', values: [5], negate: true }, 'text', false],
    [{ operator: 'lt', values: [5], negate: true, missing: policy }, 'text', true],
    [{ operator: 'lt', values: [5], negate: true }, 7, true],
    [{ operator: 'equals', values: ['a'], negate: true }, { a: 'a' }, false],
    [{ operator: 'semverGte', values: ['1.0.0'], negate: true }, 'latest', false],
    [{ operator: 'before', values: [1_000], negate: true }, 'yesterday', false],
    [{ operator: 'inCidr', values: ['10.0.0.0/8'], negate: true }, 'localhost', false],
    [{ operator: 'matches', values: ['a'], negate: true }, 1, false],
    [{ operator: 'contains', values: ['a'], negate: true }, 1, false],
    [{ operator: 'arrayContainsAny', values: ['a'], negate: true }, 'b', false],
    [{ operator: 'contains', values: ['a'], negate: true }, ['b'], true],
    [{ operator: 'contains', values: ['a'], negate: true }, [], true],
    [{ operator: 'exists', negate: true }, undefined, true],
    [{ operator: 'exists', negate: true }, 1, false],
    [{ operator: 'notExists', negate: true }, undefined, false],
  ])('%j on %j: %s', (comparison, actual, matched) => {
    expect(matches(comparison, actual)).toBe(matched);
  });
});

describe('a comparison is refused', () => {
  test.each<[ComparisonDefinition, string, string]>([
    [{}, 'MISSING_FIELD', 'operator'],
    [{ operator: 'like', values: ['a'] }, 'UNKNOWN_OPERATOR', 'operator'],
    [{ operator: 'toString', values: ['a'] }, 'UNKNOWN_OPERATOR', 'operator'],
    [{ operator: 'equals', values: [] }, 'BAD_OPERAND', 'values'],
    [{ operator: 'equals', values: ['a', null] }, 'BAD_OPERAND', 'values[1]'],
    [{ operator: 'in', values: [['a']] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'equals', values: [Number.POSITIVE_INFINITY] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'matches', values: ['a{299}'] }, 'LIMIT_EXCEEDED', 'values[0]'],
    [{ operator: 'exists', values: ['a'] }, 'BAD_OPERAND', 'values'],
    [{ operator: 'lt', values: ['5'] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'lt', values: [Number.POSITIVE_INFINITY] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'before', values: [true] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'inCidr', values: [10] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'lt', values: [5], ignoreCase: true }, 'BAD_OPERAND', 'ignoreCase'],
    [{ operator: 'contains', values: [1] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'matches', values: [1] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'matches', values: ['('] }, 'BAD_REGEX', 'values[0]'],
    [{ operator: 'matches', values: ['a(?=b)'] }, 'BAD_REGEX', 'values[0]'],
    [{ operator: 'matches', values: ['(a)\\1'] }, 'BAD_REGEX', 'values[0]'],
    [{ operator: 'matches', values: ['a'.repeat(257)] }, 'LIMIT_EXCEEDED', 'values[0]'],
    [{ operator: 'matches', values: ['[ab]{900}'] }, 'LIMIT_EXCEEDED', 'values[0]'],
    [{ operator: 'semverLt', values: ['1.2'] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'semverLt', values: [1] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'before', values: ['soon'] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'inCidr', values: ['10.0.0.0/40'] }, 'BAD_OPERAND', 'values[0]'],
    [{ operator: 'equals', values: ['a'], dialect: 'launchdarkly' }, 'NOT_BUILT', 'dialect'],
    [{ operator: 'equals', values: ['a'], salts: ['s'] }, 'NOT_BUILT', 'salts'],
    [
      { operator: 'equals', values: ['a'], missing: 'MISSING_POLICY_UNKNOWN' as 'MISSING_POLICY_NEGATE' },
      'NOT_BUILT',
      'missing',
    ],
    [{ operator: 'equals', values: ['a'], attribute: 'a.__proto__' }, 'BAD_ATTRIBUTE', 'attribute'],
    [{ operator: 'in', values: new Array<string>(10_001).fill('a') }, 'LIMIT_EXCEEDED', 'values'],
    [{ operator: 'in', values: ['a'.repeat(4_097)] }, 'LIMIT_EXCEEDED', 'values[0]'],
  ])('%j: %s at %s', (comparison, code, field) => {
    const unit = switchUnit('f', ruleConfig({ compare: { attribute: 'x', ...comparison } }));
    const { set, problems } = compileSet([unit], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `rules[0].condition.compare.${field}`],
    ]);
    expect(set.has('f')).toBe(false);
  });

  test('not at its limits', () => {
    const comparisons: readonly ComparisonDefinition[] = [
      { operator: 'matches', values: ['a'.repeat(256)] },
      // 300 instructions.
      { operator: 'matches', values: ['a{298}'] },
      { operator: 'in', values: new Array<string>(10_000).fill('a') },
      { operator: 'in', values: ['a'.repeat(4_096)] },
    ];
    for (const comparison of comparisons) expect(matches(comparison, 'b')).toBe(false);
  });

  test.each<[string, JsonValue, number]>([
    ['matches', '[ab]{60}', 10],
    ['inCidr', '10.0.0.0/8', 10_000],
    ['semverLt', '1.0.0', 10_000],
    ['contains', 'a', 10_000],
  ])('where %s of many operands could take too long', (operator, value, count) => {
    const compare = { attribute: 'x', operator, values: new Array<JsonValue>(count).fill(value) };
    const codes = (times: number): string[] => {
      const conditions = Array.from({ length: times }, (_, index) => ({
        compare: { ...compare, attribute: `x${index}` },
      }));
      const unit = switchUnit('f', ruleConfig({ any: { conditions } }));
      return compileSet([unit], []).problems.map((problem) => problem.code);
    };
    expect(codes(1)).toEqual([]);
    expect(codes(20)).toEqual(['LIMIT_EXCEEDED']);
  });
});

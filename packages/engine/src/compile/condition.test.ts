import { describe, expect, test } from 'vitest';
import { holds, ruleConfig, switchUnit } from '../definitions.fixture.ts';
import type { ConditionDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

const TRUE: ConditionDefinition = { compare: { attribute: 'yes', operator: 'exists' } };
const FALSE: ConditionDefinition = { compare: { attribute: 'no', operator: 'exists' } };
const all = (...conditions: ConditionDefinition[]): ConditionDefinition => ({ all: { conditions } });
const any = (...conditions: ConditionDefinition[]): ConditionDefinition => ({ any: { conditions } });

describe('a condition', () => {
  test.each<[ConditionDefinition, boolean]>([
    [all(), true],
    [all(TRUE, TRUE), true],
    [all(TRUE, FALSE), false],
    [all(FALSE, TRUE), false],
    [any(), false],
    [any(FALSE, FALSE), false],
    [any(FALSE, TRUE), true],
    [any(TRUE, FALSE), true],
    [{ not: TRUE }, false],
    [{ not: FALSE }, true],
    [{ all: {} }, true],
    [{ any: {} }, false],
  ])('%j: %s', (condition, expected) => {
    expect(holds(condition, { yes: 1 })).toBe(expected);
  });

  test.each<[string, (inner: ConditionDefinition) => ConditionDefinition]>([
    ['not', (inner) => ({ not: inner })],
    ['all', (inner) => all(inner)],
    ['any', (inner) => any(inner)],
  ])('of %s may be 20 deep, and no deeper', (_name, wrap) => {
    const nested = (depth: number): ConditionDefinition => (depth === 1 ? TRUE : wrap(nested(depth - 1)));
    const codes = (depth: number): string[] =>
      compileSet([switchUnit('f', ruleConfig(nested(depth)))], []).problems.map(({ code }) => code);
    expect(codes(20)).toEqual([]);
    expect(codes(21)).toEqual(['LIMIT_EXCEEDED']);
  });

  test('on the value of a parent counts the levels around it', () => {
    const nested = (depth: number): ConditionDefinition =>
      depth === 1 ? { compare: { attribute: 'value', operator: 'exists' } } : { not: nested(depth - 1) };
    const codes = (depth: number): string[] => {
      const condition = { prerequisite: { flag: 'parent', value: nested(depth) } };
      const child = switchUnit('child', ruleConfig(condition));
      return compileSet([switchUnit('parent'), child], []).problems.map(({ code }) => code);
    };
    expect(codes(19)).toEqual([]);
    expect(codes(20)).toEqual(['LIMIT_EXCEEDED']);
  });
});

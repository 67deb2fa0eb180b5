import { describe, expect, test } from 'vitest';
import { evaluateColour, short } from '../answers.fixture.ts';
import { weighted } from '../definitions.fixture.ts';
import type { RuleDefinition } from '../model.ts';

const SERVES_ALL = { split: weighted({ red: 100_000 }) };
const IS_STAFF = { compare: { attribute: 'staff', operator: 'equals', values: [true] } };

function answer(rule: Partial<RuleDefinition>, context: object = {}, nowMs = 0): (string | undefined)[] {
  const rules = [{ id: 'r', serve: SERVES_ALL, ...rule }];
  const config = { enabled: true, rules, fallthrough: { variant: 'blue' } };
  return short(evaluateColour(config, { targetingKey: 'u', ...context }, nowMs));
}

describe('a rule that serves a split', () => {
  const served = ['red', 'SPLIT', 'r'];
  const passed = ['blue', 'DEFAULT'];

  test('serves all without a condition', () => {
    expect(answer({})).toEqual(served);
  });

  test('serves where its condition holds, and nowhere else', () => {
    expect(answer({ condition: IS_STAFF }, { staff: true })).toEqual(served);
    expect(answer({ condition: IS_STAFF }, { staff: false })).toEqual(passed);
  });

  test('serves while its window is open, and only where its condition holds as well', () => {
    const window = { start: '1970-01-01T00:00:01Z' };
    expect(answer({ window }, {}, 999)).toEqual(passed);
    expect(answer({ window }, {}, 1_000)).toEqual(served);
    expect(answer({ window, condition: IS_STAFF }, {}, 1_000)).toEqual(passed);
    expect(answer({ window, condition: IS_STAFF }, { staff: true }, 1_000)).toEqual(served);
  });
});

test('a rule with a window that serves one variant does so only where its condition holds', () => {
  const rule = {
    window: { start: '1970-01-01T00:00:01Z' },
    condition: IS_STAFF,
    serve: { variant: 'green' },
  };
  expect(answer(rule, { staff: true }, 1_000)).toEqual(['green', 'TARGETING_MATCH', 'r']);
  expect(answer(rule, { staff: true }, 999)).toEqual(['blue', 'DEFAULT']);
  expect(answer(rule, {}, 1_000)).toEqual(['blue', 'DEFAULT']);
});

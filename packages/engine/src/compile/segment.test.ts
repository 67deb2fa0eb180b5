import { describe, expect, test } from 'vitest';
import { ruleConfig, setOf, switchUnit } from '../definitions.fixture.ts';
import type { ConditionDefinition, JsonObject, MissingSegmentPolicy, SegmentDefinition } from '../model.ts';
import { compileSet, updateSet } from '../set/compile-set.ts';

describe('segments', () => {
  const inside = (segment: SegmentDefinition, context: JsonObject, extra: object = {}): boolean => {
    const set = setOf([switchUnit('f', ruleConfig({ segment: 's' }))], [{ key: 's', segment, ...extra }]);
    return set.evaluate('f', context, 0).variant === 'on';
  };
  const french: ConditionDefinition = {
    compare: { attribute: 'country', operator: 'equals', values: ['FR'] },
  };
  const segment: SegmentDefinition = {
    included: ['in', 'both'],
    excluded: ['out', 'both'],
    condition: french,
  };

  test.each<[JsonObject, boolean]>([
    [{ targetingKey: 'in' }, true],
    [{ targetingKey: 'out', country: 'FR' }, false],
    [{ targetingKey: 'both', country: 'FR' }, false],
    [{ targetingKey: 'other', country: 'FR' }, true],
    [{ targetingKey: 'other' }, false],
    [{ country: 'FR' }, true],
    [{}, false],
  ])('%j: %s', (context, expected) => {
    expect(inside(segment, context)).toBe(expected);
  });

  test('read included first where they say so', () => {
    const first = { ...segment, includedFirst: true };
    expect(['in', 'both', 'out'].map((targetingKey) => inside(first, { targetingKey }))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('list contexts of one kind', () => {
    const orgs = { contextKind: 'org', included: ['acme'] };
    expect(inside(orgs, { kind: 'multi', org: { key: 'acme' }, user: { key: 'u' } })).toBe(true);
    expect(inside(orgs, { kind: 'multi', org: 'acme' })).toBe(false);
    expect(inside(orgs, { targetingKey: 'acme' })).toBe(false);
  });

  test('compare another attribute, also a number', () => {
    expect(inside({ attribute: 'org.id', included: ['42'] }, { org: { id: 42 } })).toBe(true);
    expect(inside({ attribute: 'org.id', included: ['42'] }, { targetingKey: '42' })).toBe(false);
  });

  test('hold the members of their parts', () => {
    const parts = { extraIncluded: [['a'], ['b', 'c']], extraExcluded: [['c']] };
    expect(['a', 'b', 'c', 'd'].map((targetingKey) => inside({}, { targetingKey }, parts))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('a segment', () => {
  const problems = (segment: SegmentDefinition, extra: object = {}): (string | undefined)[][] =>
    compileSet([], [{ key: 's', segment, ...extra }]).problems.map(({ entity, code, path }) => [
      entity,
      code,
      path,
    ]);
  const tooLong = 'm'.repeat(4_097);

  test.each<[object, string, string]>([
    [{ included: [1] }, 'BAD_OPERAND', 'included'],
    [{ excluded: [null] }, 'BAD_OPERAND', 'excluded'],
    [{ included: [tooLong] }, 'LIMIT_EXCEEDED', 'included'],
    [{ attribute: 'a.__proto__' }, 'BAD_ATTRIBUTE', 'attribute'],
    [{ condition: {} }, 'BAD_CONDITION', 'condition'],
  ])('%j is refused: %s', (segment, code, path) => {
    expect(problems(segment)).toEqual([['segment', code, path]]);
  });

  test('may hold members of the longest text', () => {
    expect(problems({ included: [tooLong.slice(1)] })).toEqual([]);
  });

  test('counts the members of its parts, and holds at most a million', () => {
    const half = new Array<string>(500_000).fill('m');
    const unit = { key: 's', segment: { included: half }, extraIncluded: [half] };
    const set = setOf([switchUnit('f', ruleConfig({ segment: 's' }))], [unit]);
    expect(set.evaluate('f', { targetingKey: 'm' }, 0).variant).toBe('on');
    expect(problems({ included: ['m'] }, { extraIncluded: [half, half] })).toEqual([
      ['segment', 'LIMIT_EXCEEDED', 'included'],
    ]);
  });

  test('with a problem is not there for the flags that name it', () => {
    const { set, problems } = compileSet(
      [switchUnit('f', ruleConfig({ segment: 's' }))],
      [{ key: 's', segment: { condition: {} } }],
    );
    expect(problems.map(({ key, code }) => [key, code])).toEqual([
      ['f', 'UNKNOWN_SEGMENT'],
      ['s', 'BAD_CONDITION'],
    ]);
    expect(set.has('f')).toBe(false);
  });
});

describe('a segment that is not there', () => {
  const answer = (missingSegment?: MissingSegmentPolicy): string | undefined => {
    const condition = { not: { segment: 'gone', ...(missingSegment && { missingSegment }) } };
    const { set, problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
    return problems[0]?.code ?? set.evaluate('f', {}, 0).variant ?? set.evaluate('f', {}, 0).errorCode;
  };

  test('is refused unless the test says what that means', () => {
    expect(answer()).toBe('UNKNOWN_SEGMENT');
    expect(answer('MISSING_SEGMENT_POLICY_NO_MATCH')).toBe('on');
    expect(answer('MISSING_SEGMENT_POLICY_ERROR')).toBe('GENERAL');
    expect(answer('MISSING_SEGMENT_POLICY_GUESS' as 'MISSING_SEGMENT_POLICY_ERROR')).toBe('NOT_BUILT');
  });

  test('counts from then on once it is there', () => {
    const condition = { segment: 's', missingSegment: 'MISSING_SEGMENT_POLICY_ERROR' } as const;
    const before = setOf([switchUnit('f', ruleConfig(condition))]);
    expect(before.evaluate('f', { targetingKey: 'u' }, 0).errorCode).toBe('GENERAL');
    const segments = new Map([['s', { key: 's', segment: { included: ['u'] } }]]);
    expect(updateSet(before, { segments }).set.evaluate('f', { targetingKey: 'u' }, 0).variant).toBe('on');
  });

  test('says nothing beside another member', () => {
    const condition = { all: {}, missingSegment: 'MISSING_SEGMENT_POLICY_NO_MATCH' } as const;
    const { problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['BAD_CONDITION', 'rules[0].condition.missingSegment'],
    ]);
  });
});

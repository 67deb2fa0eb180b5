import { describe, expect, test } from 'vitest';
import { COLOUR, short } from '../answers.fixture.ts';
import { ruleConfig, setOf, switchUnit, weighted } from '../definitions.fixture.ts';
import type { FlagConfigDefinition, JsonObject, PrerequisiteDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

describe('prerequisites', () => {
  const parent = switchUnit(
    'parent',
    ruleConfig({ compare: { attribute: 'plan', operator: 'equals', values: ['pro'] } }),
  );
  const needed: PrerequisiteDefinition = { flag: 'parent', variants: ['on'] };
  const child = (
    config: FlagConfigDefinition,
    context: JsonObject,
    parents = [parent],
  ): (string | undefined)[] =>
    short(
      setOf([...parents, { key: 'child', flag: COLOUR, config: { enabled: true, ...config } }]).evaluate(
        'child',
        context,
        0,
      ),
    );
  const met = { plan: 'pro' };

  test.each<[PrerequisiteDefinition['onFailure'], (string | undefined)[]]>([
    [undefined, ['grey', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_OFF_VARIANT', ['grey', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_CODE_DEFAULT', [undefined, 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_ERROR', [undefined, 'ERROR']],
  ])('of the flag with %s', (onFailure, answer) => {
    const config = {
      prerequisites: [{ ...needed, ...(onFailure && { onFailure }) }],
      targets: [{ variant: 'red', values: ['u'] }],
      fallthrough: { variant: 'green' },
    };
    expect(child(config, {})).toEqual(answer);
    expect(child(config, met)).toEqual(['green', 'DEFAULT']);
    expect(child(config, { ...met, targetingKey: 'u' })).toEqual(['red', 'TARGETING_MATCH']);
  });

  test.each<[PrerequisiteDefinition['onFailure'], (string | undefined)[]]>([
    [undefined, ['green', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_NEXT_RULE', ['green', 'DEFAULT']],
    ['PREREQUISITE_OUTCOME_OFF_VARIANT', ['grey', 'DEFAULT', 'r']],
    ['PREREQUISITE_OUTCOME_CODE_DEFAULT', [undefined, 'DEFAULT', 'r']],
    ['PREREQUISITE_OUTCOME_ERROR', [undefined, 'ERROR', 'r']],
  ])('of a rule with %s', (onFailure, answer) => {
    const prerequisites = [{ ...needed, ...(onFailure && { onFailure }) }];
    const config = {
      rules: [{ id: 'r', prerequisites, serve: { variant: 'red' } }],
      fallthrough: { variant: 'green' },
    };
    expect(child(config, {})).toEqual(answer);
    expect(child(config, met)).toEqual(['red', 'TARGETING_MATCH', 'r']);
  });

  test('that answer an error answer a general one', () => {
    const prerequisites = [{ ...needed, onFailure: 'PREREQUISITE_OUTCOME_ERROR' } as const];
    const config = { enabled: true, prerequisites };
    const answer = setOf([parent, { key: 'child', flag: COLOUR, config }]).evaluate('child', {}, 0);
    expect(answer).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: 'Prerequisite "parent" does not hold.',
    });
  });

  test.each<[PrerequisiteDefinition['onFailure'], string]>([
    ['PREREQUISITE_OUTCOME_LATER' as 'PREREQUISITE_OUTCOME_ERROR', 'NOT_BUILT'],
    ['PREREQUISITE_OUTCOME_NEXT_RULE', 'BAD_OUTCOME'],
  ])('of the flag with %s are refused', (onFailure, code) => {
    const prerequisites = [{ ...needed, ...(onFailure && { onFailure }) }];
    const { problems } = compileSet([parent, switchUnit('f', { prerequisites })], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, 'prerequisites[0].onFailure'],
    ]);
  });

  test('in a condition', () => {
    const config = {
      rules: [{ id: 'r', condition: { not: { prerequisite: needed } }, serve: { variant: 'red' } }],
    };
    expect(child(config, {})).toEqual(['red', 'TARGETING_MATCH', 'r']);
    expect(child(config, met)).toEqual([undefined, 'DEFAULT']);
  });

  test('need the parent on, whatever its off variant', () => {
    const off = { ...parent, config: { offVariant: 'on' } };
    expect(child({ prerequisites: [needed], fallthrough: { variant: 'green' } }, met, [off])).toEqual([
      'grey',
      'DEFAULT',
    ]);
  });

  test('do not hold when the parent answers an error', () => {
    const gate = { missing: 'GATE_MISSING_POLICY_ERROR' } as const;
    const failing = switchUnit('parent', {
      enabled: true,
      fallthrough: { split: { ...weighted({ on: 100_000 }), gate } },
    });
    const config = { prerequisites: [needed], fallthrough: { variant: 'green' } };
    expect(child(config, {}, [failing])).toEqual(['grey', 'DEFAULT']);
    expect(child(config, { targetingKey: 'u' }, [failing])).toEqual(['green', 'DEFAULT']);
  });

  test('all hold, in order', () => {
    const second: PrerequisiteDefinition = {
      flag: 'parent',
      variants: ['off'],
      onFailure: 'PREREQUISITE_OUTCOME_ERROR',
    };
    expect(child({ prerequisites: [needed, second] }, {})).toEqual(['grey', 'DEFAULT']);
    expect(child({ prerequisites: [needed, second] }, met)).toEqual([undefined, 'ERROR']);
  });
});

import { describe, expect, test } from 'vitest';
import { COLOUR, short } from '../answers.fixture.ts';
import { ruleConfig, setOf, switchUnit } from '../definitions.fixture.ts';
import type { Evaluation } from '../evaluation.ts';
import type {
  ConditionDefinition,
  FlagConfigDefinition,
  JsonObject,
  PrerequisiteDefinition,
} from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

const PARENT: FlagConfigDefinition = {
  enabled: true,
  targets: [
    { variant: 'red', values: ['red'] },
    { variant: 'green', values: ['green'] },
  ],
  rules: [
    {
      id: 'reported-off',
      condition: { compare: { attribute: 'quiet', operator: 'equals', values: [true] } },
      serve: { variant: 'red', enabledOverride: 'ENABLED_OVERRIDE_OFF' },
    },
    {
      id: 'broken',
      condition: { compare: { attribute: 'broken', operator: 'equals', values: [true] } },
      serve: { ending: 'ENDING_ERROR' },
    },
  ],
};

function met(prerequisite: PrerequisiteDefinition, context: JsonObject, parent = PARENT): boolean {
  const set = setOf([
    { key: 'parent', flag: COLOUR, config: parent },
    switchUnit('child', ruleConfig({ prerequisite: { flag: 'parent', ...prerequisite } })),
  ]);
  return set.evaluate('child', context, 0).variant === 'on';
}

function child(prerequisite: PrerequisiteDefinition): Evaluation {
  const prerequisites = [{ flag: 'gone', variants: ['on'], ...prerequisite }];
  const config = { enabled: true, prerequisites, fallthrough: { variant: 'red' } };
  return setOf([{ key: 'child', flag: COLOUR, config }]).evaluate('child', {}, 0);
}

const RED = { targetingKey: 'red' };
const QUIET = { targetingKey: 'x', quiet: true };
const BROKEN = { broken: true };
const OFF: FlagConfigDefinition = { ...PARENT, enabled: false };

describe('the state of a parent', () => {
  test.each<[PrerequisiteDefinition, boolean, boolean, boolean]>([
    [{ variants: ['red', 'grey'] }, true, false, false],
    [{ state: 'PREREQUISITE_STATE_ON' }, true, false, false],
    [{ state: 'PREREQUISITE_STATE_OFF' }, false, true, true],
    [{ state: 'PREREQUISITE_STATE_ANY' }, true, true, true],
    [{ state: 'PREREQUISITE_STATE_ANY', variants: ['red'] }, true, true, false],
    [{ state: 'PREREQUISITE_STATE_OFF', variants: ['grey'] }, false, false, true],
  ])('%j: on %s, reported off %s, off %s', (prerequisite, on, reportedOff, off) => {
    expect(met(prerequisite, RED)).toBe(on);
    expect(met(prerequisite, QUIET)).toBe(reportedOff);
    expect(met(prerequisite, RED, OFF)).toBe(off);
  });

  test('that answers an error meets nothing', () => {
    expect(met({ state: 'PREREQUISITE_STATE_ANY' }, BROKEN)).toBe(false);
    expect(met({ state: 'PREREQUISITE_STATE_ANY' }, {})).toBe(true);
  });
});

describe('the value of a parent', () => {
  const isRed: ConditionDefinition = {
    compare: { attribute: 'value', operator: 'startsWith', values: ['RE'] },
  };

  test('is the only attribute that its condition sees', () => {
    expect(met({ value: isRed }, RED)).toBe(true);
    expect(met({ value: isRed }, { targetingKey: 'green' })).toBe(false);
    const sees: ConditionDefinition = { compare: { attribute: 'targetingKey', operator: 'exists' } };
    expect(met({ value: { not: sees } }, RED)).toBe(true);
  });

  test('is absent when the parent has none', () => {
    expect(met({ value: isRed }, {})).toBe(false);
    expect(met({ value: { not: isRed } }, {})).toBe(true);
  });

  test('needs a parent with a variant where variants are named', () => {
    expect(met({ state: 'PREREQUISITE_STATE_ANY', variants: ['red'], value: { not: isRed } }, {})).toBe(
      false,
    );
  });

  test('may be asked for with comparisons at any depth', () => {
    const nested = { any: { conditions: [{ all: { conditions: [{ not: { not: isRed } }] } }] } };
    expect(met({ value: nested }, RED)).toBe(true);
    expect(met({ value: nested }, { targetingKey: 'green' })).toBe(false);
  });

  test('leaves the context as it was', () => {
    const country: ConditionDefinition = {
      compare: { attribute: 'country', operator: 'equals', values: ['FR'] },
    };
    const prerequisite = { flag: 'parent', value: isRed };
    const set = setOf([
      { key: 'parent', flag: COLOUR, config: PARENT },
      switchUnit('child', ruleConfig({ all: { conditions: [{ prerequisite }, country] } })),
    ]);
    expect(set.evaluate('child', { ...RED, country: 'FR' }, 0).variant).toBe('on');
  });

  test.each<ConditionDefinition>([
    { segment: 's' },
    { prerequisite: { flag: 'parent', variants: ['red'] } },
    { all: { conditions: [{ not: { gate: { ranges: [{ to: 1 }] } } }] } },
  ])('is not asked for with %j', (value) => {
    const config = ruleConfig({ prerequisite: { flag: 'parent', value } });
    const { problems } = compileSet(
      [{ key: 'parent', flag: COLOUR }, switchUnit('f', config)],
      [{ key: 's', segment: {} }],
    );
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['BAD_CONDITION', 'rules[0].condition.prerequisite.value'],
    ]);
  });
});

describe('a parent that is not there', () => {
  test('is refused unless the prerequisite says what that means', () => {
    const config = { enabled: true, prerequisites: [{ flag: 'gone', variants: ['on'] }] };
    expect(compileSet([switchUnit('f', config)], []).problems.map(({ code }) => code)).toEqual([
      'UNKNOWN_FLAG',
    ]);
    expect(short(child({ missingFlag: 'MISSING_FLAG_POLICY_FAIL' }))).toEqual(['grey', 'DEFAULT']);
    expect(child({ missingFlag: 'MISSING_FLAG_POLICY_ERROR' })).toMatchObject({
      variant: undefined,
      reason: 'ERROR',
      errorCode: 'GENERAL',
      errorMessage: 'Prerequisite "gone" is not there.',
    });
    expect(met({ variants: ['red'], missingFlag: 'MISSING_FLAG_POLICY_ERROR' }, RED)).toBe(true);
  });

  test('counts from then on once it is there', () => {
    const prerequisite = {
      flag: 'parent',
      variants: ['red'],
      missingFlag: 'MISSING_FLAG_POLICY_FAIL',
    } as const;
    const unit = switchUnit('child', ruleConfig({ prerequisite }));
    expect(setOf([unit]).evaluate('child', RED, 0).variant).toBe('off');
    expect(met(prerequisite, RED)).toBe(true);
  });

  test('does not excuse a variant that the parent has not', () => {
    const prerequisite = {
      flag: 'p',
      variants: ['purple'],
      missingFlag: 'MISSING_FLAG_POLICY_FAIL',
    } as const;
    const units = [{ key: 'p', flag: COLOUR }, switchUnit('f', ruleConfig({ prerequisite }))];
    expect(compileSet(units, []).problems.map(({ code }) => code)).toEqual(['UNKNOWN_VARIANT']);
  });
});

describe('a prerequisite', () => {
  test('that fails may serve a variant', () => {
    const failed = {
      missingFlag: 'MISSING_FLAG_POLICY_FAIL',
      onFailure: 'PREREQUISITE_OUTCOME_VARIANT',
    } as const;
    expect(short(child({ ...failed, failureVariant: 'blue' }))).toEqual(['blue', 'DEFAULT']);
    const config = { enabled: true, prerequisites: [{ flag: 'x', variants: ['on'], ...failed }] };
    expect(compileSet([switchUnit('f', config)], []).problems.map(({ code, path }) => [code, path])).toEqual([
      ['MISSING_FIELD', 'prerequisites[0].failureVariant'],
    ]);
  });

  test('is read before the switch only where the configuration says so', () => {
    const config = (before: boolean, flag: string): FlagConfigDefinition => ({
      prerequisitesBeforeSwitch: before,
      prerequisites: [{ flag, variants: ['red'], onFailure: 'PREREQUISITE_OUTCOME_CODE_DEFAULT' }],
      rules: [{ id: 'r', serve: { variant: 'green' } }],
      fallthrough: { variant: 'green' },
    });
    const answer = (before: boolean, targetingKey: string): (string | undefined)[] =>
      short(
        setOf([
          { key: 'parent', flag: COLOUR, config: PARENT },
          { key: 'child', flag: COLOUR, config: config(before, 'parent') },
        ]).evaluate('child', { targetingKey }, 0),
      );
    expect(answer(false, 'x')).toEqual(['grey', 'DISABLED']);
    expect(answer(true, 'x')).toEqual([undefined, 'DEFAULT']);
    expect(answer(true, 'red')).toEqual(['grey', 'DISABLED']);
  });

  test.each<[PrerequisiteDefinition, string, string]>([
    [{}, 'MISSING_FIELD', 'variants'],
    [{ flag: '', variants: ['red'] }, 'MISSING_FIELD', 'flag'],
    [{ variants: new Array<string>(251).fill('red') }, 'LIMIT_EXCEEDED', 'variants'],
    [{ state: 'PREREQUISITE_STATE_MAYBE' as 'PREREQUISITE_STATE_ON' }, 'NOT_BUILT', 'state'],
    [
      { variants: ['red'], missingFlag: 'MISSING_FLAG_POLICY_GUESS' as 'MISSING_FLAG_POLICY_FAIL' },
      'NOT_BUILT',
      'missingFlag',
    ],
  ])('refused: %j', (prerequisite, code, path) => {
    const config = { prerequisites: [{ flag: 'parent', ...prerequisite }] };
    const { problems } = compileSet([{ key: 'parent', flag: COLOUR }, switchUnit('f', config)], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `prerequisites[0].${path}`],
    ]);
  });
});

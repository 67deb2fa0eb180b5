import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour, short } from '../answers.fixture.ts';
import { holds, setOf, switchUnit } from '../definitions.fixture.ts';
import type { ExplanationStep } from '../evaluation.ts';
import type {
  FlagConfigDefinition,
  FlagDefinition,
  JsonObject,
  JsonValue,
  ServeDefinition,
} from '../model.ts';
import { compileSet } from '../set/compile-set.ts';
import { applyJsonLogic } from './apply-json-logic.ts';

function config(jsonLogic: JsonValue, serve: ServeDefinition = {}): FlagConfigDefinition {
  return {
    enabled: true,
    rules: [{ id: 'targeting', serve: { jsonLogic, ...serve } }],
    fallthrough: { variant: 'grey' },
  };
}

const SUBJECTS = Array.from({ length: 20 }, (_, index) => `user-${index}`);
const BY_COUNTRY = { if: [{ '==': [{ var: 'country' }, 'DE'] }, 'red', null] };

describe('a serve by expression', () => {
  test.each<[JsonValue, JsonObject, (string | undefined)[]]>([
    [BY_COUNTRY, { country: 'DE' }, ['red', 'TARGETING_MATCH', 'targeting']],
    [BY_COUNTRY, { country: 'FR' }, ['grey', 'DEFAULT']],
    ['green', {}, ['green', 'TARGETING_MATCH', 'targeting']],
    [null, {}, ['grey', 'DEFAULT']],
    [{ fractional: [['blue']] }, { targetingKey: 'u' }, ['blue', 'TARGETING_MATCH', 'targeting']],
    [{ fractional: [['blue']] }, {}, ['grey', 'DEFAULT']],
  ])('%j of %j', (expression, context, answer) => {
    expect(short(evaluateColour(config(expression), context))).toEqual(answer);
  });

  test.each<[JsonValue, string, string]>([
    ['pink', 'GENERAL', 'The JSONLogic expression answers "pink", which is no variant of the flag.'],
    [['red'], 'GENERAL', 'The JSONLogic expression answers "[red]", which is no variant of the flag.'],
    ['', 'GENERAL', 'The JSONLogic expression answers "", which is no variant of the flag.'],
    [
      'x'.repeat(200),
      'GENERAL',
      `The JSONLogic expression answers "${'x'.repeat(100)}...", which is no variant of the flag.`,
    ],
    [{ bogus: 1 }, 'PARSE_ERROR', 'The JSONLogic operator "bogus" does not exist.'],
    [
      { [`${'x'.repeat(100)}y`]: 1 },
      'PARSE_ERROR',
      `The JSONLogic operator "${'x'.repeat(100)}..." does not exist.`,
    ],
    [{ ['x'.repeat(100)]: 1 }, 'PARSE_ERROR', `The JSONLogic operator "${'x'.repeat(100)}" does not exist.`],
    [{ '+': [true] }, 'PARSE_ERROR', 'The JSONLogic operator "+" takes numbers.'],
    [{ '/': [1, 0] }, 'PARSE_ERROR', 'The JSONLogic expression answers a number that is not finite.'],
    [
      { map: [{ var: 'long' }, 1] },
      'GENERAL',
      'The JSONLogic expression takes more than 100000 steps over this context.',
    ],
  ])('%j fails', (expression, errorCode, errorMessage) => {
    const answer = evaluateColour(config(expression), { long: new Array<JsonValue>(100_001).fill(1) });
    expect(answer).toMatchObject({ reason: 'ERROR', errorCode, errorMessage, variant: undefined });
  });

  test.each<[ServeDefinition, (string | undefined)[]]>([
    [{ onMiss: 'MISS_POLICY_NEXT_RULE' }, ['grey', 'DEFAULT']],
    [{ onMiss: 'MISS_POLICY_VARIANT', missVariant: 'blue' }, ['blue', 'TARGETING_MATCH', 'targeting']],
    [{ onMiss: 'MISS_POLICY_CODE_DEFAULT' }, [undefined, 'DEFAULT', 'targeting']],
    [{ onMiss: 'MISS_POLICY_ERROR' }, [undefined, 'ERROR', 'targeting']],
  ])('that misses: %j', (serve, answer) => {
    expect(short(evaluateColour(config(null, serve)))).toEqual(answer);
  });

  test('hands out answers that were made before', () => {
    const set = setOf([{ key: 'colour', flag: COLOUR, config: config(BY_COUNTRY) }]);
    const answers = ['DE', 'DE', 'FR', 'FR'].map((country) => set.evaluate('colour', { country }, 0));
    expect(answers[0]).toBe(answers[1]);
    expect(answers[2]).toBe(answers[3]);
    expect(Object.isFrozen(answers[0])).toBe(true);
  });

  test('finds variants by what Go makes of their names', () => {
    const flag: FlagDefinition = {
      kind: 'FLAG_KIND_NUMBER',
      variants: ['a&b', 'a\\u0026b', 'true', '2', '[]'].map((key, value) => ({ key, value })),
    };
    const valueFor = (expression: JsonValue): JsonValue | undefined =>
      setOf([
        { key: 'f', flag, config: { enabled: true, rules: [{ id: 'r', serve: { jsonLogic: expression } }] } },
      ]).evaluate('f', {}, 0).value;
    expect(['a&b', 'a\\u0026b', true, 2, [], 'none'].map(valueFor)).toEqual([
      1,
      undefined,
      2,
      3,
      4,
      undefined,
    ]);
  });

  test('does not change with the definition it was compiled from', () => {
    const list = ['DE'];
    const set = setOf([
      switchUnit('f', {
        enabled: true,
        rules: [{ id: 'r', serve: { jsonLogic: { if: [{ in: [{ var: 'c' }, list] }, 'on'] } } }],
      }),
    ]);
    list[0] = 'FR';
    expect(set.evaluate('f', { c: 'DE' }, 0).variant).toBe('on');
  });

  test('buckets as the dialect of the configuration says', () => {
    const expression = {
      fractional: Array.from({ length: 4 }, (_, index) => [COLOUR.variants![index]!.key]),
    };
    const variants = ['', 'flagd', 'flagd-fractional-v1', 'flagd-fractional-v3'].map((jsonLogicDialect) =>
      SUBJECTS.map(
        (targetingKey) =>
          evaluateColour({ ...config(expression), jsonLogicDialect }, { targetingKey }).variant,
      ),
    );
    expect(variants[0]).toEqual(variants[1]);
    expect(new Set(variants.map(String)).size).toBe(3);
  });
});

describe('a condition by expression', () => {
  test.each<[boolean, JsonValue]>([
    [true, { '>': [{ var: 'age' }, 17] }],
    [false, { '>': [{ var: 'age' }, 20] }],
    [true, '0'],
    [false, []],
    [false, { var: 'absent' }],
    [true, { '/': [1, 0] }],
    [true, { var: '' }],
  ])('holds: %j for %j', (expected, jsonLogic) => {
    expect(holds({ jsonLogic }, { age: 20 })).toBe(expected);
  });

  test('in a segment sees the key of the segment', () => {
    const jsonLogic = { '==': [{ var: '$flagd.flagKey' }, 'staff'] };
    const set = setOf(
      [
        switchUnit('f', {
          enabled: true,
          rules: [{ id: 'r', condition: { segment: 'staff' }, serve: { variant: 'on' } }],
        }),
      ],
      [{ key: 'staff', segment: { condition: { jsonLogic } } }],
    );
    expect(set.evaluate('f', {}, 0).variant).toBe('on');
  });
});

describe('compile', () => {
  const problems = (jsonLogic: JsonValue, more: FlagConfigDefinition = {}): string[] =>
    compileSet([{ key: 'colour', flag: COLOUR, config: { ...config(jsonLogic), ...more } }], []).problems.map(
      ({ code, path }) => `${code} ${path}`,
    );
  const nested = (depth: number): JsonValue => {
    let rule: JsonValue = true;
    for (let i = 0; i < depth; i += 1) rule = { '!': rule };
    return rule;
  };

  test('takes what a flagd server takes', () => {
    expect(problems({ bogus: [1] })).toEqual([]);
    expect(problems(nested(150))).toEqual([]);
    expect(problems(new Array<JsonValue>(19_999).fill('x'))).toEqual([]);
  });

  test('refuses what is too large, and dialects it does not know', () => {
    expect(problems(nested(151))).toEqual(['LIMIT_EXCEEDED rules[0].serve.jsonLogic']);
    expect(problems({ in: ['a', new Array<JsonValue>(20_000).fill('x')] })).toEqual([
      'LIMIT_EXCEEDED rules[0].serve.jsonLogic',
    ]);
    expect(problems(true, { jsonLogicDialect: 'v4' })).toEqual(['NOT_BUILT jsonLogicDialect']);
    expect(
      problems(null, { rules: [{ id: 'r', serve: { jsonLogic: null, onMiss: 'MISS_POLICY_LAST_ENTRY' } }] }),
    ).toEqual(['BAD_OUTCOME rules[0].serve.onMiss']);
  });

  test('of a bare expression refuses the same, in the name of the flag that is given', () => {
    const tooLarge: JsonValue = new Array<JsonValue>(20_000).fill('x');
    const problem = { code: 'LIMIT_EXCEEDED', entity: 'flagConfig', path: '' };
    const message = 'The JSONLogic expression has more than 20000 values.';
    expect(applyJsonLogic(tooLarge, {})).toEqual({
      kind: 'refused',
      problems: [{ ...problem, key: '', message }],
    });
    expect(applyJsonLogic(tooLarge, {}, { flagKey: 'f' })).toEqual({
      kind: 'refused',
      problems: [{ ...problem, key: 'f', message }],
    });
  });

  test('refuses numbers that JSON does not have', () => {
    expect(problems({ '==': [{ var: 'x' }, [Number.POSITIVE_INFINITY]] })).toEqual([
      'BAD_OPERAND rules[0].serve.jsonLogic',
    ]);
  });

  test('adds up the work of all expressions', () => {
    const long: JsonValue = { in: ['a', new Array<JsonValue>(15_000).fill('x')] };
    const rules = Array.from({ length: 7 }, (_, index) => ({ id: `r${index}`, serve: { jsonLogic: long } }));
    expect(problems(null, { rules })).toEqual(['LIMIT_EXCEEDED ']);
  });
});

describe('an explanation', () => {
  const steps = (jsonLogic: JsonValue, context: JsonObject): ExplanationStep[] => {
    const found: ExplanationStep[] = [];
    setOf([{ key: 'colour', flag: COLOUR, config: config(jsonLogic) }]).evaluate('colour', context, 0, {
      step: (step) => found.push(step),
    });
    return found.filter(({ kind }) => kind === 'serve' || kind === 'split');
  };

  test('shows the result and the place among the weights', () => {
    expect(
      steps({ fractional: [{ var: 'k' }, ['red', 60], ['blue', 40]] }, { k: 'fractional-flagjack' }),
    ).toEqual([
      {
        kind: 'serve',
        path: 'rules[0].serve.jsonLogic',
        matched: true,
        message: 'The JSONLogic result serves variant "blue".',
        actual: 'blue',
        depth: 2,
      },
      {
        kind: 'split',
        path: 'rules[0].serve.jsonLogic.fractional',
        matched: true,
        message: "The subject's place is 62; the weights sum to 100.",
        actual: 62,
        expected: [60, 100],
        depth: 3,
      },
    ]);
  });

  test('says what null and errors lead to', () => {
    expect(steps(null, {})[0]).toMatchObject({
      matched: false,
      message: 'The JSONLogic result is null; the next rule is tried.',
      actual: null,
    });
    expect(steps('pink', {})[0]).toMatchObject({ matched: false, actual: 'pink' });
    expect(steps({ bogus: 1 }, {})[0]).toMatchObject({
      matched: false,
      message: 'Left before its end because of an error.',
    });
  });

  test('of a condition shows the result, unless JSON does not have it', () => {
    const conditionSteps = (jsonLogic: JsonValue): ExplanationStep[] => {
      const found: ExplanationStep[] = [];
      const rules = [{ id: 'r', condition: { jsonLogic }, serve: { variant: 'on' } }];
      setOf([switchUnit('f', { enabled: true, rules })]).evaluate('f', {}, 0, {
        step: (step) => found.push(step),
      });
      return found.filter(({ path }) => path.endsWith('jsonLogic'));
    };
    const step = { kind: 'condition', path: 'rules[0].condition.jsonLogic', depth: 2 };
    const holding = { ...step, matched: true, message: 'The JSONLogic result is true.' };
    expect(conditionSteps(7)).toEqual([{ ...holding, actual: 7 }]);
    expect(conditionSteps({ '/': [1, 0] })).toEqual([holding]);
    expect(conditionSteps([])).toEqual([
      { ...step, matched: false, message: 'The JSONLogic result is not true.', actual: [] },
    ]);
  });

  test('of null that a variant is served for is no match', () => {
    const serve = { jsonLogic: null, onMiss: 'MISS_POLICY_VARIANT', missVariant: 'blue' } as const;
    const found: ExplanationStep[] = [];
    setOf([{ key: 'colour', flag: COLOUR, config: config(null, serve) }]).evaluate('colour', {}, 0, {
      step: (step) => found.push(step),
    });
    expect(found.find(({ kind }) => kind === 'serve')).toMatchObject({
      matched: false,
      message: 'The JSONLogic result is null and serves variant "blue".',
    });
  });
});

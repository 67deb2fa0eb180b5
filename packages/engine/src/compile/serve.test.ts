import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour, short } from '../answers.fixture.ts';
import { setOf, weighted } from '../definitions.fixture.ts';
import type { FlagConfigDefinition, FlagDefinition, JsonValue, ServeDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

describe('a split that holds nobody', () => {
  const split = {
    entries: [
      { variant: 'red', ranges: [] },
      {
        variant: 'green',
        ranges: [{ from: 0, to: 100_000 }],
        also: [{ gate: { attributes: ['org'] }, ranges: [{ to: 100_000 }] }],
      },
    ],
  };
  const config = (serve: object): FlagConfigDefinition => ({
    enabled: true,
    rules: [{ id: 'r', serve: { split, ...serve } }],
    fallthrough: { variant: 'blue' },
  });
  test.each([
    [{}, ['blue', 'DEFAULT']],
    [{ onMiss: 'MISS_POLICY_NEXT_RULE' }, ['blue', 'DEFAULT']],
    [{ onMiss: 'MISS_POLICY_VARIANT', missVariant: 'grey' }, ['grey', 'SPLIT', 'r']],
    [{ onMiss: 'MISS_POLICY_LAST_ENTRY' }, ['green', 'SPLIT', 'r']],
    [{ onMiss: 'MISS_POLICY_CODE_DEFAULT' }, [undefined, 'DEFAULT', 'r']],
    [{ onMiss: 'MISS_POLICY_ERROR' }, [undefined, 'ERROR', 'r']],
  ])('%j: %j', (serve, answer) => {
    expect(short(evaluateColour(config(serve)))).toEqual(answer);
    expect(short(evaluateColour(config(serve), { targetingKey: 'u', org: 'x' }))).toEqual([
      'green',
      'SPLIT',
      'r',
    ]);
  });

  test('may be given what its last entry of many serves', () => {
    const traffic = [{ gate: { attributes: ['beta'] }, ranges: [{ to: 100_000 }] }];
    const entries = weighted({ red: 20_000, blue: 30_000, green: 50_000 });
    const three = { split: { ...entries, traffic }, onMiss: 'MISS_POLICY_LAST_ENTRY' } as const;
    expect(short(evaluateColour({ enabled: true, fallthrough: three }))).toEqual(['green', 'SPLIT']);
  });

  test('may be answered by a general error', () => {
    expect(evaluateColour(config({ onMiss: 'MISS_POLICY_ERROR' })).errorCode).toBe('GENERAL');
  });

  test('in the fallthrough leaves the default', () => {
    expect(short(evaluateColour({ enabled: true, fallthrough: { split } }))).toEqual([undefined, 'DEFAULT']);
  });

  test('because of its traffic', () => {
    const traffic = [{ gate: { attributes: ['beta'] }, ranges: [{ to: 100_000 }] }];
    const limited = {
      enabled: true,
      rules: [{ id: 'r', serve: { split: { ...weighted({ red: 100_000 }), traffic } } }],
    };
    expect(short(evaluateColour(limited))).toEqual([undefined, 'DEFAULT']);
    expect(short(evaluateColour(limited, { targetingKey: 'u', beta: 'yes' }))).toEqual(['red', 'SPLIT', 'r']);
  });
});

describe('an ending', () => {
  const rule = (serve: ServeDefinition): FlagConfigDefinition => ({
    enabled: true,
    rules: [{ id: 'r', serve }],
    fallthrough: { variant: 'blue' },
  });

  test("answers the caller's default or an error in place of a variant", () => {
    expect(short(evaluateColour(rule({ ending: 'ENDING_CODE_DEFAULT' })))).toEqual([
      undefined,
      'DEFAULT',
      'r',
    ]);
    const error = evaluateColour(rule({ ending: 'ENDING_ERROR' }));
    expect([...short(error), error.errorCode]).toEqual([undefined, 'ERROR', 'r', 'GENERAL']);
    expect(short(evaluateColour({ enabled: true, fallthrough: { ending: 'ENDING_CODE_DEFAULT' } }))).toEqual([
      undefined,
      'DEFAULT',
    ]);
  });

  test.each<[ServeDefinition, string, string]>([
    [{}, 'MISSING_FIELD', ''],
    [{ variant: 'red', ending: 'ENDING_ERROR' }, 'BAD_OUTCOME', ''],
    [{ variant: 'red', split: weighted({ red: 100_000 }) }, 'BAD_OUTCOME', ''],
    [{ ending: 'ENDING_NEVER' as 'ENDING_ERROR' }, 'NOT_BUILT', '.ending'],
    [
      { split: weighted({ red: 100_000 }), onMiss: 'MISS_POLICY_LATER' as 'MISS_POLICY_ERROR' },
      'NOT_BUILT',
      '.onMiss',
    ],
    [
      { split: weighted({ red: 100_000 }), onMiss: 'MISS_POLICY_VARIANT', missVariant: 'purple' },
      'UNKNOWN_VARIANT',
      '.missVariant',
    ],
    [{ jsonLogic: 'red', onMiss: 'MISS_POLICY_LAST_ENTRY' }, 'BAD_OUTCOME', '.onMiss'],
    [
      { variant: 'red', enabledOverride: 'ENABLED_OVERRIDE_DIM' as 'ENABLED_OVERRIDE_ON' },
      'NOT_BUILT',
      '.enabledOverride',
    ],
  ])('%j is refused: %s', (serve, code, path) => {
    const { problems } = compileSet([{ key: 'f', flag: COLOUR, config: rule(serve) }], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `rules[0].serve${path}`],
    ]);
  });
});

describe('what an answer reports as enabled', () => {
  const flag: FlagDefinition = {
    kind: 'FLAG_KIND_BOOLEAN',
    variants: [
      { key: 'plain', value: true },
      { key: 'quiet', value: true, enabledOverride: 'ENABLED_OVERRIDE_OFF' },
      { key: 'loud', value: false, enabledOverride: 'ENABLED_OVERRIDE_ON' },
    ],
    offVariant: 'loud',
  };
  const enabled = (config: FlagConfigDefinition): boolean =>
    setOf([{ key: 'f', flag, config }]).evaluate('f', { targetingKey: 'u' }, 0).enabled;

  test.each<[FlagConfigDefinition, boolean]>([
    [{ enabled: true, fallthrough: { variant: 'plain' } }, true],
    [{ enabled: true, fallthrough: { variant: 'quiet' } }, false],
    [{ enabled: true, fallthrough: { variant: 'quiet', enabledOverride: 'ENABLED_OVERRIDE_ON' } }, true],
    [{ enabled: true, fallthrough: { variant: 'plain', enabledOverride: 'ENABLED_OVERRIDE_OFF' } }, false],
    [
      {
        enabled: true,
        fallthrough: { ending: 'ENDING_CODE_DEFAULT', enabledOverride: 'ENABLED_OVERRIDE_OFF' },
      },
      false,
    ],
    [{ enabled: true, fallthrough: { split: weighted({ quiet: 100_000 }) } }, false],
    [{ enabled: true, targets: [{ variant: 'quiet', values: ['u'] }] }, false],
    [{ enabled: false }, true],
    [{ enabled: false, offVariant: 'plain' }, false],
  ])('of %j is %s', (config, expected) => {
    expect(enabled(config)).toBe(expected);
  });
});

describe('a flag of any kind', () => {
  test.each<[JsonValue, string]>([
    [true, 'FLAG_KIND_BOOLEAN'],
    ['text', 'FLAG_KIND_STRING'],
    [1.5, 'FLAG_KIND_NUMBER'],
    [{ a: 1 }, 'FLAG_KIND_OBJECT'],
    [null, 'FLAG_KIND_ANY'],
    [[1, 2], 'FLAG_KIND_ANY'],
  ])('answers %j as %s', (value, kind) => {
    const flag: FlagDefinition = {
      kind: 'FLAG_KIND_ANY',
      variants: [
        { key: 'v', value },
        { key: 'other', value: 'x' },
      ],
    };
    const set = setOf([{ key: 'f', flag, config: { enabled: true, fallthrough: { variant: 'v' } } }]);
    expect(set.evaluate('f', {}, 0)).toMatchObject({ value, variant: 'v', kind });
    expect(set.kindOf('f')).toBe('FLAG_KIND_ANY');
  });
});

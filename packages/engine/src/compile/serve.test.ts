import { describe, expect, test } from 'vitest';
import { evaluateColour, short } from '../answers.fixture.ts';
import { weighted } from '../definitions.fixture.ts';
import type { FlagConfigDefinition } from '../model.ts';

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

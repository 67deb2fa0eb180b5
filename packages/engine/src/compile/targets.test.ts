import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour } from '../answers.fixture.ts';
import type { JsonObject } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

describe('targets', () => {
  const targets = [
    { variant: 'red', values: ['a', 'b'] },
    { variant: 'green', values: ['b', 'c'] },
    { variant: 'blue', attribute: 'org', values: ['1', 'true'] },
    { variant: 'red', values: ['d'] },
  ];
  test.each<[JsonObject, string | undefined]>([
    [{ targetingKey: 'a' }, 'red'],
    [{ targetingKey: 'b' }, 'red'],
    [{ targetingKey: 'c', org: '1' }, 'green'],
    [{ targetingKey: 'd', org: '1' }, 'blue'],
    [{ targetingKey: 'd' }, 'red'],
    [{ org: 1 }, 'blue'],
    [{ org: true }, 'blue'],
    [{ org: ['1'] }, undefined],
    [{ targetingKey: 'e' }, undefined],
    [{}, undefined],
  ])('%j: %s', (context, variant) => {
    expect(evaluateColour({ enabled: true, targets }, context).variant).toBe(variant);
  });
});

describe('a target', () => {
  const problems = (target: object): string[][] => {
    const targets = [{ variant: 'red', ...target }];
    return compileSet([{ key: 'f', flag: COLOUR, config: { targets } }], []).problems.map(
      ({ code, path }) => [code, path],
    );
  };
  const longest = 'v'.repeat(4_096);

  test.each<[object, string, string]>([
    [{}, 'MISSING_FIELD', 'values'],
    [{ values: [] }, 'MISSING_FIELD', 'values'],
    [{ values: ['a', 1] }, 'BAD_OPERAND', 'values[1]'],
    [{ values: ['a', `${longest}v`] }, 'LIMIT_EXCEEDED', 'values[1]'],
    [{ values: new Array<string>(10_001).fill('a') }, 'LIMIT_EXCEEDED', 'values'],
    [{ values: ['a'], attribute: '__proto__' }, 'BAD_ATTRIBUTE', 'attribute'],
    [{ values: ['a'], variant: 'purple' }, 'UNKNOWN_VARIANT', 'variant'],
  ])('%j is refused: %s at %s', (target, code, path) => {
    expect(problems(target)).toEqual([[code, `targets[0].${path}`]]);
  });

  test('may list the longest texts, and as many as a list may hold', () => {
    expect(problems({ values: [longest] })).toEqual([]);
    expect(problems({ values: new Array<string>(10_000).fill('a') })).toEqual([]);
  });
});

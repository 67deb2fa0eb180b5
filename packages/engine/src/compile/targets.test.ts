import { describe, expect, test } from 'vitest';
import { evaluateColour } from '../answers.fixture.ts';
import type { JsonObject } from '../model.ts';

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

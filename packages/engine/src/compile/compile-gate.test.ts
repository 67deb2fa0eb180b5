import { describe, expect, test } from 'vitest';
import { ruleConfig, switchUnit } from '../definitions.fixture.ts';
import type { GateDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

const MAX_UINT32 = 2 ** 32 - 1;

/** Codes and places of the problems of a flag with this gate. */
function problems(gate: object): string[] {
  const condition = { gate: { gate: gate as GateDefinition, ranges: [{ to: 1 }] } };
  return compileSet([switchUnit('f', ruleConfig(condition))], []).problems.map(
    ({ code, path }) => `${code} ${path.replace('rules[0].condition.gate.gate.', '')}`,
  );
}

describe('a gate', () => {
  test.each<object>([
    { seed: 0, offset: 0 },
    { stringify: '' },
    { seed: MAX_UINT32 },
    { offset: MAX_UINT32 },
    { buckets: MAX_UINT32 },
    { prefix: 'p'.repeat(256) },
    { suffix: 's'.repeat(256) },
    { missing: 'GATE_MISSING_POLICY_TEXT', missingText: 't'.repeat(256) },
    { combine: 'GATE_COMBINE_JOIN_PRESENT', separator: '/'.repeat(256) },
    { combine: 'GATE_COMBINE_FIRST_PRESENT' },
    { missing: 'GATE_MISSING_POLICY_NO_MATCH' },
    { attributes: Array.from({ length: 16 }, (_, index) => `a${index}`) },
  ])('%j compiles', (gate) => {
    expect(problems(gate)).toEqual([]);
  });

  test.each<[object, string]>([
    [{ seed: -1 }, 'BAD_GATE seed'],
    [{ seed: MAX_UINT32 + 1 }, 'BAD_GATE seed'],
    [{ seed: 0.5 }, 'BAD_GATE seed'],
    [{ offset: -1 }, 'BAD_GATE offset'],
    [{ prefix: 'p'.repeat(257) }, 'LIMIT_EXCEEDED prefix'],
    [{ suffix: 's'.repeat(257) }, 'LIMIT_EXCEEDED suffix'],
    [{ missingText: 't'.repeat(257) }, 'LIMIT_EXCEEDED missingText'],
    [{ combine: 'GATE_COMBINE_JOIN_PRESENT', separator: '/'.repeat(257) }, 'LIMIT_EXCEEDED separator'],
    [{ separator: '/' }, 'BAD_GATE separator'],
    [{ combine: 'GATE_COMBINE_FIRST_PRESENT', separator: '/' }, 'BAD_GATE separator'],
    [{ combine: 'GATE_COMBINE_LAST_PRESENT' }, 'NOT_BUILT combine'],
    [{ missing: 'GATE_MISSING_POLICY_RANDOM' }, 'NOT_BUILT missing'],
    [{ missing: 'GATE_MISSING_POLICY_LATER' }, 'NOT_BUILT missing'],
    [{ hash: 'md5' }, 'NOT_BUILT hash'],
    [{ encoding: 'utf16' }, 'NOT_BUILT encoding'],
    [{ normalizer: 'remainder' }, 'NOT_BUILT normalizer'],
    [{ stringify: 'json' }, 'NOT_BUILT stringify'],
    [{ attributes: Array.from({ length: 17 }, (_, index) => `a${index}`) }, 'LIMIT_EXCEEDED attributes'],
    [{ attributes: ['a', '__proto__'] }, 'BAD_ATTRIBUTE attributes[1]'],
  ])('%j is refused: %s', (gate, problem) => {
    expect(problems(gate)).toEqual([problem]);
  });
});

test('a gate with a problem is reported wherever it stands', () => {
  const gate = { attributes: ['__proto__'] };
  const match = { gate, ranges: [{ to: 1 }] };
  const condition = { all: { conditions: [{ gate: match }, { gate: match }] } };
  const { problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
  expect(problems.map(({ code, path }) => [code, path])).toEqual(
    [0, 1].map((index) => [
      'BAD_ATTRIBUTE',
      `rules[0].condition.all.conditions[${index}].gate.gate.attributes[0]`,
    ]),
  );
});

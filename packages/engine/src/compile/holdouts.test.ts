import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour, short } from '../answers.fixture.ts';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import type { FlagConfigDefinition, GateMatchDefinition } from '../model.ts';
import { normalizeConfig } from '../normalize-config.ts';
import { compileSet } from '../set/compile-set.ts';

const EVERYBODY: GateMatchDefinition = { ranges: [{ to: 100_000 }] };
const NOBODY: GateMatchDefinition = { ranges: [{ to: 0 }] };

describe('a holdout', () => {
  const config = (subjects: GateMatchDefinition, variant?: string): FlagConfigDefinition => ({
    enabled: true,
    holdouts: [{ id: 'h', subjects, ...(variant && { variant }) }],
    targets: [{ variant: 'red', values: ['u'] }],
    rules: [{ id: 'r', serve: { variant: 'green' } }],
  });

  test('is read before targets and rules and serves its variant', () => {
    expect(short(evaluateColour(config(EVERYBODY, 'blue')))).toEqual(['blue', 'SPLIT', 'h']);
    expect(short(evaluateColour(config(NOBODY, 'blue')))).toEqual(['red', 'TARGETING_MATCH']);
  });

  test('serves what the flag serves while off when it names no variant', () => {
    expect(short(evaluateColour(config(EVERYBODY)))).toEqual(['grey', 'SPLIT', 'h']);
    expect(evaluateColour({ ...config(EVERYBODY), offVariant: 'blue' }).variant).toBe('blue');
  });

  test('of one group holds the same subjects in every flag', () => {
    const subjects: GateMatchDefinition = { group: 'company-wide', ranges: [{ to: 10_000 }] };
    const set = setOf(['a', 'b'].map((key) => ({ key, flag: COLOUR, config: config(subjects) })));
    const held = (key: string): number[] =>
      Array.from({ length: 1_000 }, (_, id) => id).filter(
        (id) => set.evaluate(key, { targetingKey: `user-${id}` }, 0).ruleId === 'h',
      );
    expect(held('a')).toEqual(held('b'));
    expect(held('a').length).toBeGreaterThan(50);
    expect(held('a').length).toBeLessThan(150);
  });

  test('is stored with its whole gate', () => {
    const { config: stored } = normalizeConfig('f', config({ group: 'g', ranges: [{ to: 1 }] }));
    expect(stored.holdouts?.[0]?.subjects?.gate).toMatchObject({
      prefix: 'group/g.',
      hash: 'murmur3-x86-32',
      buckets: 100_000,
    });
    expect(normalizeConfig('f', stored).config).toEqual(stored);
  });

  test.each<[FlagConfigDefinition, string, string]>([
    [{ holdouts: [{ subjects: EVERYBODY }] }, 'MISSING_FIELD', 'holdouts[0].id'],
    [
      { ...config(EVERYBODY), rules: [{ id: 'h', serve: { variant: 'on' } }], targets: [] },
      'DUPLICATE_RULE_ID',
      'rules[0].id',
    ],
    [{ holdouts: [{ id: 'h' }] }, 'MISSING_FIELD', 'holdouts[0].subjects.ranges'],
    [
      { holdouts: [{ id: 'h', subjects: EVERYBODY, variant: 'purple' }] },
      'UNKNOWN_VARIANT',
      'holdouts[0].variant',
    ],
    [
      { holdouts: Array.from({ length: 17 }, (_, i) => ({ id: `h${i}`, subjects: EVERYBODY })) },
      'LIMIT_EXCEEDED',
      'holdouts',
    ],
    [
      { holdouts: [{ id: 'h', subjects: { ...EVERYBODY, group: 'g'.repeat(129) } }] },
      'LIMIT_EXCEEDED',
      'holdouts[0].subjects.group',
    ],
  ])('refused: %j', (definition, code, path) => {
    const { problems } = compileSet([switchUnit('f', definition)], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([[code, path]]);
  });
});

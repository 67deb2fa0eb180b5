import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contexts,
  setOf,
  switchUnit,
  TAME_FLAG_KEYS,
  tameSets,
  weighted,
  wildFlags,
  wildSegments,
} from './definitions.fixture.ts';
import type { JsonObject, JsonValue } from './model.ts';
import { normalizeConfig } from './normalize-config.ts';
import { compileSet, updateSet } from './set/compile-set.ts';

function reversedKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => reversedKeys(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversedKeys(member)]),
  );
}

describe('evaluation', () => {
  test('does not depend on the order of object keys or of entities', () => {
    fc.assert(
      fc.property(tameSets, contexts, ({ flags, segments }, context) => {
        const set = setOf(flags, segments);
        const turned = reversedKeys({ flags, segments } as unknown as JsonObject) as unknown as {
          flags: typeof flags;
          segments: typeof segments;
        };
        const other = setOf([...turned.flags].reverse(), [...turned.segments].reverse());
        for (const key of TAME_FLAG_KEYS) {
          expect(other.evaluate(key, reversedKeys(context) as JsonObject, 0)).toEqual(
            set.evaluate(key, context, 0),
          );
        }
      }),
    );
  });

  test('is not changed by unrelated edits', () => {
    fc.assert(
      fc.property(tameSets, contexts, ({ flags, segments }, context) => {
        const set = setOf(flags, segments);
        const { set: edited } = updateSet(set, { flags: new Map([['unrelated', switchUnit('unrelated')]]) });
        for (const key of TAME_FLAG_KEYS)
          expect(edited.evaluate(key, context, 0)).toBe(set.evaluate(key, context, 0));
      }),
    );
  });

  test('never throws and always answers, whatever the definitions and the context', () => {
    fc.assert(
      fc.property(
        fc.array(wildFlags, { maxLength: 4 }),
        fc.array(wildSegments, { maxLength: 3 }),
        fc.array(contexts, { minLength: 5, maxLength: 20 }),
        (flags, segments, each) => {
          const { set, problems } = compileSet(flags, segments);
          const refused = new Set(problems.map((problem) => problem.key));
          for (const { key } of flags) {
            expect(set.has(key)).toBe(!refused.has(key));
            for (const context of each) {
              const answer = set.evaluate(key, context, 0, { step: () => undefined });
              expect(answer.flagKey).toBe(key);
              expect(answer.errorCode !== undefined).toBe(answer.reason === 'ERROR');
              if (answer.errorCode === 'GENERAL')
                expect(answer.errorMessage).not.toMatch(/^The evaluation failed/);
              if (answer.variant === undefined) expect(answer.value).toBeUndefined();
            }
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('survives contexts that are deep, cyclic or huge', () => {
    const operators = ['exists', 'equals', 'contains', 'matches', 'arrayContainsAll', 'semverGt', 'inCidr'];
    const operands: Readonly<Record<string, JsonValue[]>> = {
      exists: [],
      semverGt: ['1.0.0'],
      inCidr: ['::/0'],
    };
    const conditions = operators.map((operator) => ({
      compare: { attribute: 'x.x', operator, values: operands[operator] ?? ['a'] },
    }));
    const set = setOf([
      switchUnit('f', {
        enabled: true,
        rules: [{ id: 'r', condition: { any: { conditions } }, serve: { variant: 'on' } }],
      }),
    ]);
    let deep: JsonObject = {};
    for (let i = 0; i < 100_000; i += 1) deep = { x: deep };
    const cyclic: Record<string, JsonValue> = {};
    cyclic['x'] = cyclic;
    const huge = { x: { x: new Array<JsonValue>(1_000_000).fill('b') } };
    const answers = [deep, cyclic, huge].map((context) => set.evaluate('f', context, 0).reason);
    expect(answers).toEqual(['TARGETING_MATCH', 'TARGETING_MATCH', 'TARGETING_MATCH']);
  });
});

describe('a split', () => {
  const subjects = Array.from({ length: 100_000 }, (_, index) => ({ targetingKey: `user-${index}` }));
  const shareOf = (
    weights: Readonly<Record<string, number>>,
    flagKey: string,
  ): Map<string | undefined, number> => {
    const set = setOf([switchUnit(flagKey, { enabled: true, fallthrough: { split: weighted(weights) } })]);
    const counts = new Map<string | undefined, number>();
    for (const subject of subjects) {
      const { variant } = set.evaluate(flagKey, subject, 0);
      counts.set(variant, (counts.get(variant) ?? 0) + 1);
    }
    return counts;
  };

  test.each([
    ['checkout', 50_000],
    ['search', 10_000],
    ['banner', 1_000],
  ])('of %s serves its share of %i', (flagKey, weight) => {
    const share = weight / 100_000;
    // Five standard deviations: one false alarm in a million, and the subjects are fixed.
    const tolerance = 5 * Math.sqrt(subjects.length * share * (1 - share));
    const on = shareOf({ on: weight, off: 100_000 - weight }, flagKey).get('on') ?? 0;
    expect(Math.abs(on - subjects.length * share)).toBeLessThan(tolerance);
  });

  test('divides different flags independently', () => {
    const half = { split: weighted({ on: 50_000, off: 50_000 }) };
    const set = setOf(['one', 'two'].map((key) => switchUnit(key, { enabled: true, fallthrough: half })));
    const same = subjects.filter(
      (subject) => set.evaluate('one', subject, 0).value === set.evaluate('two', subject, 0).value,
    );
    expect(Math.abs(same.length - subjects.length / 2)).toBeLessThan(5 * Math.sqrt(subjects.length / 4));
  });

  test('keeps everybody inside while its share grows', () => {
    const grow = fc
      .array(fc.integer({ min: 0, max: 100_000 }), { minLength: 2, maxLength: 5 })
      .map((steps) => steps.sort((a, b) => a - b));
    fc.assert(
      fc.property(grow, (shares) => {
        let config = normalizeConfig('f', {
          enabled: true,
          fallthrough: { split: weighted({ on: shares[0]!, off: 100_000 - shares[0]! }) },
        }).config;
        let inside = new Set<string>();
        for (const share of shares) {
          const split = config.fallthrough!.split!;
          const weights = [share, 100_000 - share];
          const entries = split.entries!.map((entry, index) => ({ ...entry, weight: weights[index]! }));
          config = normalizeConfig('f', { ...config, fallthrough: { split: { ...split, entries } } }).config;
          const set = setOf([switchUnit('f', config)]);
          const now = subjects
            .slice(0, 300)
            .filter((subject) => set.evaluate('f', subject, 0).variant === 'on');
          const keys = new Set(now.map((subject) => subject.targetingKey));
          for (const key of inside) expect(keys.has(key)).toBe(true);
          inside = keys;
        }
      }),
      { numRuns: 50 },
    );
  });
});

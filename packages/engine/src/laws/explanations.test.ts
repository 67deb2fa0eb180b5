import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setOf } from '../definitions.fixture.ts';
import type { ExplanationStep } from '../evaluation.ts';
import { contexts } from './contexts.fixture.ts';
import { judgeFlag, treeOf } from './explained-tree.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameSets } from './tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from './vocabulary.fixture.ts';

describe('an explanation', { timeout: LAW_TIMEOUT_MS }, () => {
  test('has the answer of the evaluation, and its steps follow from the definitions', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(tameSets, contexts, nows, (units, context, nowMs) => {
        const set = setOf(units.flags, units.segments);
        const flags = new Map(units.flags.map((unit) => [unit.key, unit]));
        const segments = new Map(units.segments.map((unit) => [unit.key, unit]));
        for (const key of FLAG_KEYS) {
          const steps: ExplanationStep[] = [];
          const explained = set.evaluate(key, context, nowMs, { step: (step) => steps.push(step) });
          const answer = set.evaluate(key, context, nowMs);
          if (answer.reason === 'ERROR') expect(explained).toEqual(answer);
          else expect(explained).toBe(answer);
          const [root, ...others] = treeOf(steps);
          expect(others).toEqual([]);
          judgeFlag(root!, key, { set, flags, segments, context, nowMs, seen });
        }
      }),
      { numRuns: sized(150, 10_000) },
    );
    expect([...seen.keys()].sort()).toEqual([
      'condition',
      'gate',
      'prerequisite',
      'rule',
      'segment',
      'serve',
      'split',
      'target',
    ]);
  });
});

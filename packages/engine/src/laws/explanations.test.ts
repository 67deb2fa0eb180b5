import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ruleConfig, setOf, switchUnit } from '../definitions.fixture.ts';
import type { ExplanationStep } from '../evaluation.ts';
import { contexts } from './contexts.fixture.ts';
import { judgeFlag, treeOf } from './explained-tree.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameSets } from './tame-definitions.fixture.ts';
import { tameMatches } from './tame-parts.fixture.ts';
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
      { numRuns: sized(80, 3_000) },
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

  test('puts the number of a subject against the ranges or the ramp that decided', () => {
    let matched = 0;
    fc.assert(
      fc.property(tameMatches, contexts, nows, (gate, context, nowMs) => {
        const unit = switchUnit('f', ruleConfig({ gate }));
        const set = setOf([unit]);
        const steps: ExplanationStep[] = [];
        const answer = set.evaluate('f', context, nowMs, { step: (step) => steps.push(step) });
        const [root] = treeOf(steps);
        const flags = new Map([['f', unit]]);
        judgeFlag(root!, 'f', { set, flags, segments: new Map(), context, nowMs, seen: new Map() });
        if (answer.variant === 'on') matched += 1;
      }),
      { numRuns: sized(1_000, 50_000) },
    );
    expect(matched).toBeGreaterThan(0);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setOf } from '../definitions.fixture.ts';
import type { Evaluation, ExplanationStep } from '../evaluation.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { compileSet, updateSet } from '../set/compile-set.ts';
import type { CompiledSet } from '../set/compiled-set.ts';
import { contexts } from './contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameSets, type Units } from './tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from './vocabulary.fixture.ts';
import { wildFlags, wildSegments } from './wild-definitions.fixture.ts';

const numRuns = sized(40, 1_500);

function reversedKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => reversedKeys(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversedKeys(member)]),
  );
}

function explanationOf(
  set: CompiledSet,
  key: string,
  context: JsonObject,
  nowMs: number,
): readonly ExplanationStep[] {
  const steps: ExplanationStep[] = [];
  set.evaluate(key, context, nowMs, { step: (step) => steps.push(step) });
  return steps;
}

/** The answer itself; an error found while walking is made anew each time. */
function expectSame(answer: Evaluation, other: Evaluation): void {
  if (answer.reason === 'ERROR') expect(answer).toEqual(other);
  else expect(answer).toBe(other);
}

function expectDeeplyFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  expect(Object.isFrozen(value)).toBe(true);
  for (const member of Object.values(value)) expectDeeplyFrozen(member);
}

describe('an answer', { timeout: LAW_TIMEOUT_MS }, () => {
  test('does not depend on the order of object keys or of entities', () => {
    fc.assert(
      fc.property(tameSets, contexts, nows, (units, context, nowMs) => {
        const set = setOf(units.flags, units.segments);
        const turned = reversedKeys(units as unknown as JsonObject) as unknown as Units;
        const other = setOf([...turned.flags].reverse(), [...turned.segments].reverse());
        const turnedContext = reversedKeys(context) as JsonObject;
        for (const key of FLAG_KEYS) {
          expect(other.evaluate(key, turnedContext, nowMs)).toEqual(set.evaluate(key, context, nowMs));
          // Also what stands behind the answer: a difference need not reach it.
          expect(explanationOf(other, key, turnedContext, nowMs)).toEqual(
            explanationOf(set, key, context, nowMs),
          );
        }
      }),
      { numRuns },
    );
  });

  test('is the same object after any edit of what its flag does not refer to', () => {
    const edits = fc.record({
      flags: fc.array(fc.tuple(wildFlags, fc.boolean()), { maxLength: 2 }),
      segments: fc.array(fc.tuple(wildSegments, fc.boolean()), { maxLength: 1 }),
    });
    fc.assert(
      fc.property(tameSets, edits, contexts, nows, ({ flags, segments }, edit, context, nowMs) => {
        const set = setOf(flags, segments);
        const change = {
          flags: new Map(edit.flags.map(([unit, removed]) => [unit.key, removed ? null : unit])),
          segments: new Map(edit.segments.map(([unit, removed]) => [unit.key, removed ? null : unit])),
        };
        const { set: edited } = updateSet(set, change);
        const touched = set.affectedBy(change.flags.keys(), change.segments.keys());
        for (const key of FLAG_KEYS) {
          if (!touched.has(key))
            expectSame(edited.evaluate(key, context, nowMs), set.evaluate(key, context, nowMs));
        }
      }),
      { numRuns },
    );
  });

  test('is not changed by a flag that nobody refers to, whatever it says', () => {
    fc.assert(
      fc.property(tameSets, wildFlags, contexts, nows, ({ flags, segments }, wild, context, nowMs) => {
        const set = setOf(flags, segments);
        const { set: wider } = compileSet([...flags, { ...wild, key: 'unrelated' }], segments);
        for (const key of FLAG_KEYS)
          expect(wider.evaluate(key, context, nowMs)).toEqual(set.evaluate(key, context, nowMs));
      }),
      { numRuns },
    );
  });

  test('is frozen in depth, and shared by all who get it', () => {
    fc.assert(
      fc.property(tameSets, contexts, nows, ({ flags, segments }, context, nowMs) => {
        const set = setOf(flags, segments);
        for (const key of FLAG_KEYS) {
          const answer = set.evaluate(key, context, nowMs);
          expectDeeplyFrozen(answer);
          expectSame(set.evaluate(key, context, nowMs), answer);
        }
      }),
      { numRuns },
    );
  });
});

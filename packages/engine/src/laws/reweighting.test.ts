import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import type { JsonObject, SplitDefinition } from '../model.ts';
import { normalizeConfig } from '../normalize-config.ts';
import type { CompiledSet } from '../set/compiled-set.ts';
import { movedShare } from '../weights/moved-share.ts';
import { FIGURE, LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { weightLists } from './tame-parts.fixture.ts';

const WHOLE = 100_000;
/** A weight of one bucket is a whole number of 1/100000. */
const BUCKETS = sized(1_000, WHOLE);
const GATE = { prefix: 'law.', buckets: BUCKETS };
const VARIANTS = ['a', 'b', 'c', 'd', 'e'];

const flag = {
  kind: 'FLAG_KIND_STRING',
  variants: VARIANTS.map((key) => ({ key, value: key })),
} as const;

function setWith(split: SplitDefinition): CompiledSet {
  return setOf([{ key: 'f', flag, config: { enabled: true, fallthrough: { split } } }]);
}

/** One subject for every number of the gate, found by asking for explanations. */
function subjectsOfAllNumbers(): readonly JsonObject[] {
  const probe = setOf([
    switchUnit('probe', {
      enabled: true,
      fallthrough: { split: { gate: GATE, entries: [{ variant: 'on', ranges: [{ to: BUCKETS }] }] } },
    }),
  ]);
  const byNumber = new Map<number, JsonObject>();
  for (let id = 0; byNumber.size < BUCKETS; id += 1) {
    const context = { targetingKey: `user-${id}` };
    probe.evaluate('probe', context, 0, {
      step: ({ kind, actual }) => {
        if (kind === 'gate' && !byNumber.has(actual as number)) byNumber.set(actual as number, context);
      },
    });
  }
  return [...byNumber.values()];
}

/** What the control plane stores when these weights are written over the stored split. */
function reweighted(stored: SplitDefinition, weights: readonly number[]): SplitDefinition {
  const entries = weights.map((weight, index) => ({
    ...(stored.entries?.[index] ?? { variant: VARIANTS[index]! }),
    weight,
  }));
  const { config, problems } = normalizeConfig('f', { fallthrough: { split: { ...stored, entries } } });
  expect(problems).toEqual([]);
  return config.fallthrough!.split!;
}

describe('reweighting', { timeout: LAW_TIMEOUT_MS }, () => {
  const histories = fc
    .integer({ min: 1, max: VARIANTS.length })
    .chain((length) => fc.array(weightLists(length), { minLength: 2, maxLength: 5 }))
    .map((history) => history.map(asWholeBuckets));

  test('moves the theoretical minimum, which is what was forecast, and leaves nobody out', async ({
    annotate,
  }) => {
    const subjects = subjectsOfAllNumbers();
    let edits = 0;
    let evaluations = 0;
    fc.assert(
      fc.property(histories, ([first, ...rest]) => {
        let weights = first!;
        let split = reweighted({ gate: GATE }, weights);
        let answers = answersOf(split);
        for (const edit of rest) {
          const next = reweighted(split, edit);
          const after = answersOf(next);
          const moved = answers.filter((variant, index) => variant !== after[index]).length;
          const least = weights.reduce((sum, weight, index) => sum + Math.max(0, weight - edit[index]!), 0);
          expect(moved / BUCKETS).toBeCloseTo(least / WHOLE, 12);
          expect(movedShare(split, next)).toBeCloseTo(moved / BUCKETS, 12);
          expect(edit.map((_, index) => after.filter((own) => own === VARIANTS[index]).length)).toEqual(
            edit.map((weight) => (weight * BUCKETS) / WHOLE),
          );
          edits += 1;
          [weights, split, answers] = [edit, next, after];
        }
      }),
      { numRuns: sized(20, 100) },
    );
    await annotate(
      `${edits} edits of weights, each judged by all ${BUCKETS} numbers (${evaluations} evaluations): moved = forecast = theoretical minimum`,
      FIGURE,
    );

    function answersOf(split: SplitDefinition): (string | undefined)[] {
      const set = setWith(split);
      evaluations += subjects.length;
      return subjects.map((context) => set.evaluate('f', context, 0).variant);
    }
  });
});

/** The same weights with every bound at the border of a bucket. */
function asWholeBuckets(weights: readonly number[]): readonly number[] {
  const step = WHOLE / BUCKETS;
  let exact = 0;
  let laid = 0;
  return weights.map((weight) => {
    exact += weight;
    const end = Math.round(exact / step) * step;
    const own = end - laid;
    laid = end;
    return own;
  });
}

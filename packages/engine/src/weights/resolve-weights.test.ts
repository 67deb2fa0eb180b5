import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weighted } from '../definitions.fixture.ts';
import { weightLists } from '../laws/tame-parts.fixture.ts';
import type { GateMatchDefinition, SplitDefinition } from '../model.ts';
import { movedShare } from './moved-share.ts';
import { hasUsableRanges, ownedSpans } from './owned-spans.ts';
import { resolveWeights } from './resolve-weights.ts';
import { width } from './spans.ts';

const WHOLE = 100_000;

function resolved(split: SplitDefinition): SplitDefinition {
  const { split: result, problems } = resolveWeights(split);
  expect(problems).toEqual([]);
  return result;
}

function ranges(split: SplitDefinition): (number | undefined)[][][] {
  return (split.entries ?? []).map((entry) => (entry.ranges ?? []).map(({ from, to }) => [from, to]));
}

/** The stored split with other weights: what an edit by weights is. */
function reweighted(split: SplitDefinition, weights: readonly number[]): SplitDefinition {
  return {
    ...split,
    entries: (split.entries ?? []).map((entry, index) => ({ ...entry, weight: weights[index] ?? 0 })),
  };
}

describe('resolveWeights', () => {
  test('lays ranges out in document order', () => {
    expect(ranges(resolved(weighted({ a: 20_000, b: 0, c: 80_000 })))).toEqual([
      [[0, 20_000]],
      [],
      [[20_000, WHOLE]],
    ]);
  });

  test('moves only the end of what shrinks', () => {
    const half = resolved(weighted({ a: 50_000, b: 50_000 }));
    const edited = resolved(reweighted(half, [90_000, 10_000]));
    expect(ranges(edited)).toEqual([
      [
        [0, 50_000],
        [60_000, WHOLE],
      ],
      [[50_000, 60_000]],
    ]);
    expect(movedShare(half, edited)).toBe(0.4);
  });

  test('takes a missing weight beside others for zero', () => {
    const half = resolved(weighted({ a: 50_000, b: 50_000 }));
    const [a, b] = half.entries!;
    const { weight: _, ...unweighted } = b!;
    expect(ranges(resolved({ entries: [{ ...a!, weight: WHOLE }, unweighted] }))).toEqual([[[0, WHOLE]], []]);
  });

  test('computes weights from ranges and leaves gaps alone', () => {
    const gaps: SplitDefinition = {
      entries: [
        {
          variant: 'a',
          ranges: [
            { from: 0, to: 10_000 },
            { from: 20_000, to: 30_000 },
          ],
        },
        { variant: 'b', ranges: [{ from: 90_000, to: WHOLE }] },
      ],
    };
    const result = resolved(gaps);
    expect(result.entries?.map((entry) => entry.weight)).toEqual([20_000, 10_000]);
    expect(ranges(result)).toEqual(ranges(gaps));
    expect(resolved(result)).toBe(result);
  });

  test('leaves weights out where overlapping ranges exceed the whole', () => {
    const overlap = { entries: [{ variant: 'a', ranges: [{ to: WHOLE }, { to: WHOLE }] }] };
    expect(resolved(overlap)).toBe(overlap);
  });

  test('gives an overlap to the earlier entry before it edits', () => {
    const overlap: SplitDefinition = {
      entries: [
        { variant: 'a', ranges: [{ from: 0, to: 60_000 }], weight: 50_000 },
        { variant: 'b', ranges: [{ from: 40_000, to: WHOLE }], weight: 50_000 },
      ],
    };
    expect(ranges(resolved(overlap))).toEqual([[[0, 50_000]], [[50_000, WHOLE]]]);
  });

  test('works in the space of any gate', () => {
    const split = resolved({ ...weighted({ a: 25_000, b: 75_000 }), gate: { buckets: 1_000, offset: 1 } });
    expect(ranges(split)).toEqual([[[1, 251]], [[251, 1_001]]]);
    expect(ranges(resolved(reweighted(split, [50_000, 50_000])))).toEqual([
      [
        [1, 251],
        [751, 1_001],
      ],
      [[251, 751]],
    ]);
  });

  test('counts nobody below the offset of a gate', () => {
    const split = resolved({
      gate: { offset: 1 },
      entries: [
        { variant: 'a', weight: 25_000 },
        { variant: 'b', weight: 25_000, ranges: [{ to: 0.5 }] },
        { variant: 'c', weight: 50_000 },
      ],
    });
    expect(ranges(split)).toEqual([[[1, 25_001]], [[25_001, 50_001]], [[50_001, 100_001]]]);
    expect(resolved(split)).toBe(split);
  });

  const also: GateMatchDefinition[] = [{ ranges: [{ to: 1 }] }];
  test.each<[SplitDefinition, string]>([
    [weighted({ a: 50_000, b: 40_000 }), 'entries'],
    [weighted({ a: 50_000, b: 60_000 }), 'entries'],
    [weighted({ a: 1.5, b: 99_998.5 }), 'entries[0].weight'],
    [weighted({ a: 100_001 }), 'entries[0].weight'],
    [weighted({ a: WHOLE, b: -1 }), 'entries[1].weight'],
    [{ entries: [{ variant: 'a' }, { variant: 'b' }] }, 'entries'],
    [{ entries: [{ variant: 'a', weight: WHOLE, also }] }, 'entries[0].also'],
    [{ ...weighted({ a: WHOLE }), gate: { upperClosed: true } }, 'gate.upperClosed'],
  ])('refuses %j at %s and leaves it alone', (split, path) => {
    const result = resolveWeights(split);
    expect(result.problems.map((problem) => problem.path)).toContain(path);
    expect(result.problems.every((problem) => problem.code === 'BAD_WEIGHTS')).toBe(true);
    expect(result.split).toBe(split);
  });

  const chains = fc
    .integer({ min: 1, max: 5 })
    .chain((length) => fc.array(weightLists(length), { minLength: 2, maxLength: 6 }));

  test('moves the theoretical minimum, uses all space, and is stable, however often weights change', () => {
    fc.assert(
      fc.property(chains, ([first, ...edits]) => {
        const names = first!.map((_, index) => `v${index}`);
        let split = resolved(
          weighted(Object.fromEntries(names.map((name, index) => [name, first![index]!]))),
        );
        let weights = first!;
        for (const edit of edits) {
          const next = resolved(reweighted(split, edit));
          const least = weights.reduce((sum, weight, index) => sum + Math.max(0, weight - edit[index]!), 0);
          expect(movedShare(split, next)).toBeCloseTo(least / WHOLE, 12);
          expect(ownedSpans(next).map(width)).toEqual(edit);
          expect(resolved(next)).toBe(next);
          split = next;
          weights = edit;
        }
      }),
    );
  });

  test('leaves no number without an entry under any number of buckets', () => {
    fc.assert(
      fc.property(
        weightLists(3),
        weightLists(3),
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        (before, after, buckets) => {
          const first = resolved({
            ...weighted({ a: before[0]!, b: before[1]!, c: before[2]! }),
            gate: { buckets },
          });
          const second = resolved(reweighted(first, after));
          for (const split of [first, second]) {
            const spans = ownedSpans(split)
              .flat()
              .sort((a, b) => a.from - b.from);
            expect(spans[0]?.from).toBe(0);
            expect(spans.at(-1)?.to).toBe(buckets);
            expect(spans.slice(1).map((span) => span.from)).toEqual(
              spans.slice(0, -1).map((span) => span.to),
            );
          }
        },
      ),
    );
  });
});

describe('ranges', () => {
  const one = (from: number, to: number): SplitDefinition => ({
    gate: { buckets: 100, offset: 10 },
    entries: [
      { variant: 'good', ranges: [{ from: 10, to: 20 }] },
      { variant: 'a', ranges: [{ from, to }] },
    ],
  });
  const many = (entries: number, each: number): SplitDefinition => ({
    entries: Array.from({ length: entries }, () => ({
      variant: 'a',
      ranges: Array.from({ length: each }, () => ({ from: 0, to: 1 })),
    })),
  });

  test.each<[SplitDefinition, boolean]>([
    [{}, true],
    [one(0, 110), true],
    [one(20, 20), true],
    [one(0, 111), false],
    [one(-1, 20), false],
    [one(21, 20), false],
    [one(Number.NaN, 20), false],
    [one(20, Number.NaN), false],
    [one(20, Number.POSITIVE_INFINITY), false],
    [many(250, 8), true],
    [many(251, 1), false],
    [many(2, 1_001), false],
  ])('%# can be edited: %s', (split, usable) => {
    expect(hasUsableRanges(split)).toBe(usable);
  });

  test('of a gate with an offset are edited within its numbers', () => {
    const half = resolved({ ...weighted({ a: 50_000, b: 50_000 }), gate: { buckets: 100, offset: 10 } });
    expect(ranges(half)).toEqual([[[10, 60]], [[60, 110]]]);
    expect(ranges(resolved(reweighted(half, [60_000, 40_000])))).toEqual([
      [
        [10, 60],
        [100, 110],
      ],
      [[60, 100]],
    ]);
  });

  test('that overlap beyond the whole get no weights', () => {
    const whole = { from: 0, to: WHOLE };
    const overlapping = {
      entries: [
        { variant: 'a', ranges: [whole, whole] },
        { variant: 'b', ranges: [] },
      ],
    };
    expect(resolved(overlapping)).toEqual(overlapping);
    const full = resolved({ entries: [{ variant: 'a', ranges: [whole] }] });
    expect(full.entries?.[0]?.weight).toBe(WHOLE);
  });

  test('are told of one bad weight, not of the sum as well', () => {
    const { problems } = resolveWeights(weighted({ a: -1, b: 5 }));
    expect(problems.map(({ path }) => path)).toEqual(['entries[0].weight']);
  });
});

describe('movedShare', () => {
  test.each<[SplitDefinition, SplitDefinition, number]>([
    [weighted({ a: WHOLE }), weighted({ a: WHOLE }), 0],
    [weighted({ a: WHOLE }), weighted({ b: WHOLE }), 1],
    [weighted({ a: 50_000, b: 50_000 }), weighted({ b: 50_000, a: 50_000 }), 1],
    [{ entries: [{ variant: 'a', ranges: [{ to: 10_000 }] }] }, weighted({ a: WHOLE }), 0.9],
    [{ entries: [{ variant: 'a', ranges: [{ from: 10_000, to: 20_000 }] }] }, { entries: [] }, 0.1],
  ])('from %j to %j is %d', (before, after, share) => {
    expect(movedShare(before, after)).toBeCloseTo(share, 12);
  });

  test.each<[readonly [string, number, number][], readonly [string, number, number][], number]>([
    [[['a', 0, 60]], [['a', 0, 50]], 0.1],
    [[['a', 10, 20]], [['b', 10, 20]], 0.1],
    // Nobody's before and after.
    [
      [
        ['a', 0, 20],
        ['b', 50, 110],
      ],
      [
        ['a', 0, 20],
        ['c', 50, 110],
      ],
      0.6,
    ],
    // The earlier entry owns what both hold.
    [
      [
        ['a', 0, 50],
        ['b', 0, 110],
      ],
      [
        ['a', 0, 50],
        ['b', 50, 110],
      ],
      0,
    ],
    [
      [
        ['b', 30, 80],
        ['a', 20, 110],
      ],
      [
        ['b', 30, 80],
        ['a', 80, 110],
      ],
      0.1,
    ],
    [
      [
        ['a', 0, 30],
        ['a', 30, 110],
      ],
      [['a', 0, 110]],
      0,
    ],
    [[['a', 0, 10]], [], 0],
    [[['a', 0, 11]], [], 0.01],
  ])('of the hundred numbers from 10 on, from %j to %j, is %d', (before, after, share) => {
    const split = (owners: readonly [string, number, number][]): SplitDefinition => ({
      gate: { buckets: 100, offset: 10 },
      entries: owners.map(([variant, from, to]) => ({ variant, ranges: [{ from, to }] })),
    });
    expect(movedShare(split(before), split(after))).toBeCloseTo(share, 12);
  });
});

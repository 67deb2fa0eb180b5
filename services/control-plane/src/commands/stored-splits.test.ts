import { type FlagConfigDefinition, movedShare, type SplitDefinition } from '@flagstream/engine';
import { describe, expect, it } from 'vitest';
import { normalizeSplits } from './stored-splits.ts';

type Weights = Readonly<Record<string, number>>;

function written(weights: Weights, gate?: SplitDefinition['gate']): FlagConfigDefinition {
  const entries = Object.entries(weights).map(([variant, weight]) => ({ variant, weight }));
  return { enabled: true, fallthrough: { split: { ...(gate && { gate }), entries } } };
}

function splitOf(config: FlagConfigDefinition): SplitDefinition {
  return config.fallthrough!.split!;
}

/** What a history of weights leaves in store. */
function storedAfter(...history: readonly Weights[]): FlagConfigDefinition {
  return history.reduce<FlagConfigDefinition | undefined>(
    (before, weights) => normalizeSplits('f', written(weights), before).config,
    undefined,
  )!;
}

// a: 0 to 20000 and 60000 to 100000.
const STORED = storedAfter({ a: 50_000, b: 50_000 }, { a: 20_000, b: 80_000 }, { a: 60_000, b: 40_000 });

describe('weights written over a stored split', () => {
  it.each<[string, Weights, number]>([
    ['nothing', { a: 60_000, b: 40_000 }, 0],
    ['the weights', { a: 50_000, b: 50_000 }, 0.1],
    ['the order of the entries', { b: 40_000, a: 60_000 }, 0],
    ['order and weights', { b: 50_000, a: 50_000 }, 0.1],
    ['a variant that comes in', { a: 55_000, b: 35_000, c: 10_000 }, 0.1],
    ['a variant that comes in first', { c: 10_000, a: 50_000, b: 40_000 }, 0.1],
    ['a variant that goes', { a: 100_000 }, 0.4],
    ['a variant in the place of another', { a: 60_000, c: 40_000 }, 0.4],
  ])('move only who must move: %s', (_, weights, moved) => {
    const { config, problems } = normalizeSplits('f', written(weights), STORED);
    expect(problems).toEqual([]);
    expect(movedShare(splitOf(STORED), splitOf(config))).toBeCloseTo(moved, 9);
  });

  it('are drawn anew for another gate', () => {
    const weights = { a: 60_000, b: 40_000 };
    const { config } = normalizeSplits('f', written(weights, { attributes: ['org'] }), STORED);
    expect(splitOf(config).entries?.map(({ ranges }) => ranges)).toEqual([
      [{ from: 0, to: 60_000 }],
      [{ from: 60_000, to: 100_000 }],
    ]);
  });

  it('are drawn anew where two entries of one variant cannot be told apart', () => {
    const split: SplitDefinition = {
      entries: [
        { variant: 'b', weight: 40_000 },
        { variant: 'a', weight: 30_000 },
        { variant: 'a', weight: 30_000 },
      ],
    };
    const { config } = normalizeSplits('f', { enabled: true, fallthrough: { split } }, STORED);
    expect(splitOf(config).entries?.[0]?.ranges).toEqual([{ from: 0, to: 40_000 }]);
  });
});

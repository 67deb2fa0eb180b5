/**
 * Weights to ranges. Weights are what people write; ranges are what is stored
 * and evaluated. An edit of weights edits ranges so that the fewest subjects
 * move: entries that shrink give up the end of their own ranges, entries that
 * grow take what became free, in order, and nothing else changes hands.
 *
 * Place on the path: the control plane before it stores a split; compile for
 * files that were never stored. What holds: the result resolved again is
 * itself, and equal input gives equal output everywhere.
 */
import type { SplitDefinition, SplitEntryDefinition } from '../model.ts';
import { hasUsableRanges, ownedSpans, spaceOf } from './owned-spans.ts';
import { cutEnd, cutStart, joined, type Span, spansOf, width, within, without } from './spans.ts';

/** The sum of all weights: 100 %. */
const WHOLE = 100_000;
/** Rounding of doubles, as a share of the space; a real difference is at least 1 / WHOLE. */
const ROUNDING = 1e-9;

export interface WeightProblem {
  /** Below the split. */
  readonly path: string;
  readonly code: 'BAD_WEIGHTS';
  readonly message: string;
}

export interface ResolvedWeights {
  /** The split as it was, when there are problems. */
  split: SplitDefinition;
  problems: readonly WeightProblem[];
}

/**
 * Makes weights and ranges of a split agree. Ranges without any weight give
 * the weights; ranges whose sums are the weights stay as they are, also when
 * they leave gaps; otherwise the weights, in 1/100000, must add up to 100000
 * and edit the ranges. Whether ranges lie inside the gate is compile's to report.
 */
export function resolveWeights(split: SplitDefinition): ResolvedWeights {
  const entries = split.entries ?? [];
  const shared = entries.some((entry) => !entry.alsoAlone);
  if (!shared || !hasUsableRanges(split)) return { split, problems: [] };
  const space = spaceOf(split);
  const size = space.to - space.from;
  const weights = entries.map((entry) => entry.weight ?? 0);
  const present = entries.map((entry) => Math.round((width(spansOf(entry.ranges ?? [])) * WHOLE) / size));
  if (weights.every((weight) => weight === 0)) return fromRanges(split, entries, present);
  if (weights.every((weight, index) => weight === present[index])) return { split, problems: [] };
  const problems = checkWeights(split, entries, weights);
  if (problems.length > 0) return { split, problems };
  const spans = moveLeast(
    // Ranges may start below a gate's offset, where no subject is.
    ownedSpans(split).map((owned) => within(owned, space)),
    weights.map((weight) => (weight * size) / WHOLE),
    space,
  );
  return {
    split: { ...split, entries: entries.map((entry, index) => ({ ...entry, ranges: spans[index]! })) },
    problems: [],
  };
}

function fromRanges(
  split: SplitDefinition,
  entries: readonly SplitEntryDefinition[],
  present: readonly number[],
): ResolvedWeights {
  if (entries.every((entry) => !entry.ranges?.length)) {
    const message = `No entry has a weight; weights are in 1/${WHOLE} and must add up to ${WHOLE} (100 %).`;
    return { split, problems: [{ path: 'entries', code: 'BAD_WEIGHTS', message }] };
  }
  // Overlapping ranges can add up to more than a weight may be; they then stay without.
  if (present.some((weight) => weight > WHOLE)) return { split, problems: [] };
  const weighted = entries.map((entry, index) => ({ ...entry, weight: present[index]! }));
  return { split: { ...split, entries: weighted }, problems: [] };
}

function checkWeights(
  split: SplitDefinition,
  entries: readonly SplitEntryDefinition[],
  weights: readonly number[],
): WeightProblem[] {
  const problems: WeightProblem[] = [];
  const add = (path: string, message: string): void => {
    problems.push({ path, code: 'BAD_WEIGHTS', message });
  };
  weights.forEach((weight, index) => {
    if (!Number.isInteger(weight) || weight < 0 || weight > WHOLE) {
      add(`entries[${index}].weight`, `A weight must be a whole number from 0 to ${WHOLE}.`);
    }
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (problems.length === 0 && sum !== WHOLE) {
    add('entries', `The weights add up to ${sum}; they must add up to ${WHOLE} (100 %).`);
  }
  if (split.gate?.upperClosed) {
    add(
      'gate.upperClosed',
      'A split whose ranges include their upper end is edited by its ranges, not by weights.',
    );
  }
  entries.forEach((entry, index) => {
    if (entry.also?.length) {
      add(
        `entries[${index}].also`,
        'A split whose entries have further gates is edited by its ranges, not by weights.',
      );
    }
  });
  return problems;
}

/** Spans of the wanted widths, which add up to the space, that keep as much as possible. */
function moveLeast(current: readonly (readonly Span[])[], wanted: readonly number[], space: Span): Span[][] {
  const negligible = (space.to - space.from) * ROUNDING;
  const kept = current.map((spans, index) => {
    const surplus = width(spans) - wanted[index]!;
    return surplus > negligible ? cutEnd(spans, surplus).rest : [...spans];
  });
  let free = without([space], joined(kept.flat()));
  const growing = kept.flatMap((spans, index) => (wanted[index]! - width(spans) > negligible ? [index] : []));
  const last = growing.at(-1);
  for (const index of growing) {
    // The last one takes all, so that rounding leaves no subject without an entry.
    const need = index === last ? Number.POSITIVE_INFINITY : wanted[index]! - width(kept[index]!);
    const { rest, cut } = cutStart(free, need);
    kept[index] = joined([...kept[index]!, ...cut]);
    free = rest;
  }
  return kept;
}

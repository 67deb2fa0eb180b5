/**
 * Who owns which part of a gate's space: the first entry that holds a number
 * serves it, so overlaps belong to the earlier entry.
 *
 * Place on the path: reweighting and its forecast.
 */
import { DEFAULT_BUCKETS } from '../hash/normalizers.ts';
import { LIMITS } from '../limits.ts';
import type { SplitDefinition } from '../model.ts';
import { joined, type Span, spansOf, without } from './spans.ts';

/** The numbers that the split's gate can give. */
export function spaceOf(split: SplitDefinition): Span {
  const from = split.gate?.offset ?? 0;
  return { from, to: from + (split.gate?.buckets || DEFAULT_BUCKETS) };
}

/** Owned spans by entry. */
export function ownedSpans(split: SplitDefinition): Span[][] {
  let taken: Span[] = [];
  return (split.entries ?? []).map((entry) => {
    const owned = without(joined(spansOf(entry.ranges ?? [])), taken);
    taken = joined([...taken, ...owned]);
    return owned;
  });
}

/** Whether the ranges are few enough and lie in the gate's space; compile reports those that do not. */
export function hasUsableRanges(split: SplitDefinition): boolean {
  const entries = split.entries ?? [];
  if (entries.length > LIMITS.entriesPerSplit || countRanges(split) > LIMITS.rangesPerSplit) return false;
  const { to: end } = spaceOf(split);
  return entries.every((entry) =>
    spansOf(entry.ranges ?? []).every(
      // Closed gates with an offset, such as 1 to 100, start their ranges at zero.
      ({ from, to }) => Number.isFinite(from) && Number.isFinite(to) && from >= 0 && from <= to && to <= end,
    ),
  );
}

/** Ranges of all entries. */
export function countRanges(split: SplitDefinition): number {
  return (split.entries ?? []).reduce((sum, entry) => sum + (entry.ranges?.length ?? 0), 0);
}

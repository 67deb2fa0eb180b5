/**
 * Who owns which part of a gate's space: the first entry that holds a number
 * serves it, so overlaps belong to the earlier entry.
 *
 * Place on the path: reweighting and its forecast.
 */
import type { SplitDefinition } from '../model.ts';
import { joined, type Span, spansOf, without } from './spans.ts';

/** Buckets of a gate that names none. */
const DEFAULT_BUCKETS = 100_000;

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

/** Whether every range lies in the gate's space; compile reports those that do not. */
export function hasUsableRanges(split: SplitDefinition): boolean {
  const space = spaceOf(split);
  return (split.entries ?? []).every((entry) =>
    spansOf(entry.ranges ?? []).every(
      // Closed gates with an offset, such as 1 to 100, start their ranges at zero.
      ({ from, to }) =>
        Number.isFinite(from) && Number.isFinite(to) && from >= 0 && from <= to && to <= space.to,
    ),
  );
}

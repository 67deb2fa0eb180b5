/**
 * How many subjects an edit of a split moves, before it is done.
 *
 * Place on the path: plans and previews.
 */
import type { SplitDefinition } from '../model.ts';
import { ownedSpans, spaceOf } from './owned-spans.ts';
import { resolveWeights } from './resolve-weights.ts';
import type { Span } from './spans.ts';

interface OwnedSpan extends Span {
  /** Undefined: nobody's. */
  readonly variant: string | undefined;
}

/**
 * Share (0..1) of the subjects in traffic that get another variant by `after`
 * than by `before`, gaining or losing one included. Both must use the same gate;
 * weights that differ from the ranges are resolved first. Entries are compared
 * by variant, not by place.
 */
export function movedShare(before: SplitDefinition, after: SplitDefinition): number {
  const space = spaceOf(before);
  const old = owners(before, space);
  const fresh = owners(after, space);
  let moved = 0;
  let i = 0;
  let j = 0;
  let from = space.from;
  while (i < old.length && j < fresh.length) {
    const a = old[i]!;
    const b = fresh[j]!;
    const to = Math.min(a.to, b.to);
    if (a.variant !== b.variant) moved += to - from;
    from = to;
    if (a.to === to) i += 1;
    if (b.to === to) j += 1;
  }
  return moved / (space.to - space.from);
}

/** The whole space in order, gaps included. */
function owners(definition: SplitDefinition, space: Span): OwnedSpan[] {
  const { split } = resolveWeights(definition);
  const owned = ownedSpans(split).flatMap((spans, index) =>
    spans.map((span) => ({ ...span, variant: split.entries?.[index]?.variant })),
  );
  owned.sort((a, b) => a.from - b.from);
  const result: OwnedSpan[] = [];
  let from = space.from;
  for (const span of owned) {
    const to = Math.min(span.to, space.to);
    if (to <= from) continue;
    if (span.from > from) result.push({ from, to: span.from, variant: undefined });
    result.push({ ...span, from: Math.max(span.from, from), to });
    from = to;
  }
  if (from < space.to) result.push({ from, to: space.to, variant: undefined });
  return result;
}

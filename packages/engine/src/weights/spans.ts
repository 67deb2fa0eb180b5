/**
 * Arithmetic on half-open spans of a gate's space: lists are sorted, disjoint
 * and without empty spans.
 *
 * Place on the path: reweighting, at write only.
 */
import type { RangeDefinition } from '../model.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

export function spansOf(ranges: readonly RangeDefinition[]): Span[] {
  return ranges.map(({ from = 0, to = 0 }) => ({ from, to }));
}

export function width(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + (span.to - span.from), 0);
}

/** Sorts, drops empty spans, and joins those that touch or overlap. */
export function joined(spans: readonly Span[]): Span[] {
  const sorted = spans.filter((span) => span.to > span.from).sort((a, b) => a.from - b.from);
  const result: Span[] = [];
  for (const span of sorted) {
    const last = result.at(-1);
    if (last === undefined || span.from > last.to) result.push(span);
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return result;
}

/** What of `spans` is not in `taken`; both joined. One pass over both. */
export function without(spans: readonly Span[], taken: readonly Span[]): Span[] {
  const result: Span[] = [];
  let next = 0;
  for (const span of spans) {
    while (next < taken.length && taken[next]!.to <= span.from) next += 1;
    let { from } = span;
    for (let i = next; i < taken.length && taken[i]!.from < span.to; i += 1) {
      const hole = taken[i]!;
      if (hole.from > from) result.push({ from, to: hole.from });
      from = hole.to;
      next = i;
    }
    if (from < span.to) result.push({ from, to: span.to });
  }
  return result;
}

/** What of `spans` lies in `space`. */
export function within(spans: readonly Span[], space: Span): Span[] {
  return spans
    .map(({ from, to }) => ({ from: Math.max(from, space.from), to: Math.min(to, space.to) }))
    .filter(({ from, to }) => to > from);
}

/** Cuts `amount` off the end: what stays, and what was cut. */
export function cutEnd(spans: readonly Span[], amount: number): { rest: Span[]; cut: Span[] } {
  const rest = [...spans];
  const cut: Span[] = [];
  let left = amount;
  while (left > 0 && rest.length > 0) {
    const last = rest.pop()!;
    const size = last.to - last.from;
    if (size <= left) {
      cut.push(last);
    } else {
      rest.push({ from: last.from, to: last.to - left });
      cut.push({ from: last.to - left, to: last.to });
    }
    left -= size;
  }
  return { rest, cut };
}

/** Cuts `amount` off the start: what stays, and what was cut. */
export function cutStart(spans: readonly Span[], amount: number): { rest: Span[]; cut: Span[] } {
  const cut: Span[] = [];
  let left = amount;
  let index = 0;
  while (left > 0 && index < spans.length) {
    const { from, to } = spans[index]!;
    const size = to - from;
    if (size > left) {
      cut.push({ from, to: from + left });
      return { rest: [{ from: from + left, to }, ...spans.slice(index + 1)], cut };
    }
    cut.push({ from, to });
    left -= size;
    index += 1;
  }
  return { rest: spans.slice(index), cut };
}

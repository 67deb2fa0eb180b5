import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutEnd, cutStart, joined, type Span, width, without } from './spans.ts';

const SPACE = 30;
const spanLists: fc.Arbitrary<Span[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: SPACE }), fc.integer({ min: 0, max: SPACE })), { maxLength: 6 })
  .map((pairs) => pairs.map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })));

/** Which unit cells the spans cover. */
function cells(spans: readonly Span[]): boolean[] {
  return Array.from({ length: SPACE }, (_, cell) =>
    spans.some((span) => span.from <= cell && cell < span.to),
  );
}

function isJoined(spans: readonly Span[]): boolean {
  return spans.every(
    (span, index) => span.from < span.to && (index === 0 || spans[index - 1]!.to <= span.from),
  );
}

describe('spans', () => {
  test('joined cover the same, in order and without overlap', () => {
    fc.assert(
      fc.property(spanLists, (spans) => {
        const result = joined(spans);
        expect(cells(result)).toEqual(cells(spans));
        expect(isJoined(result)).toBe(true);
      }),
    );
  });

  test('without others cover what the others do not', () => {
    fc.assert(
      fc.property(spanLists, spanLists, (spans, taken) => {
        const result = without(joined(spans), joined(taken));
        const others = cells(taken);
        expect(cells(result)).toEqual(cells(spans).map((covered, cell) => covered && !others[cell]));
        expect(isJoined(result)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('cut at either end lose exactly the amount there', () => {
    fc.assert(
      fc.property(spanLists, fc.integer({ min: 0, max: SPACE }), (list, amount) => {
        const spans = joined(list);
        const covered = cells(spans).flatMap((inside, cell) => (inside ? [cell] : []));
        const taken = Math.min(amount, width(spans));
        const inside = (part: readonly Span[]): number[] =>
          cells(part).flatMap((is, cell) => (is ? [cell] : []));
        const atEnd = cutEnd(spans, amount);
        expect(inside(atEnd.rest)).toEqual(covered.slice(0, covered.length - taken));
        expect(inside(atEnd.cut)).toEqual(covered.slice(covered.length - taken));
        const atStart = cutStart(spans, amount);
        expect(inside(atStart.rest)).toEqual(covered.slice(taken));
        expect(inside(atStart.cut)).toEqual(covered.slice(0, taken));
      }),
    );
  });
});

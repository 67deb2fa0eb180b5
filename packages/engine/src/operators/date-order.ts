/**
 * before, after: instants as RFC 3339 text or as unix milliseconds, on both
 * sides. Any operand may match, so only the latest (before) or the earliest
 * (after) counts.
 */
import { parseInstant } from '../instant.ts';
import type { JsonValue } from '../model.ts';
import { anyElement } from './array-elements.ts';
import { type Operator, operator } from './operator.ts';

/** Unix milliseconds, or undefined. */
function instantOf(value: JsonValue): number | undefined {
  if (typeof value === 'string') return parseInstant(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function dateOperator(
  name: string,
  pick: (...bounds: number[]) => number,
  relation: (actualMs: number, boundMs: number) => boolean,
): Operator {
  return operator(name, (values, options) => {
    let boundMs: number | undefined;
    values.forEach((value, index) => {
      const instantMs = instantOf(value);
      if (instantMs === undefined) {
        options.report(
          index,
          'BAD_OPERAND',
          'An operand must be an RFC 3339 instant, such as "2026-01-31T09:00:00Z", or unix milliseconds.',
        );
      } else {
        boundMs = boundMs === undefined ? instantMs : pick(boundMs, instantMs);
      }
    });
    const limitMs = boundMs ?? Number.NaN;
    const test = (actual: JsonValue): boolean | undefined => {
      const actualMs = instantOf(actual);
      return actualMs === undefined ? undefined : relation(actualMs, limitMs);
    };
    return { test: anyElement(test), steps: 5 };
  });
}

export const DATE_OPERATORS: readonly Operator[] = [
  dateOperator('before', Math.max, (actualMs, boundMs) => actualMs < boundMs),
  dateOperator('after', Math.min, (actualMs, boundMs) => actualMs > boundMs),
];

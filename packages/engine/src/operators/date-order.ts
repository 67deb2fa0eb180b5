/**
 * before, after: instants as RFC 3339 text or as unix milliseconds, on both
 * sides. Any operand may match, so only the latest (before) or the earliest
 * (after) counts.
 */
import { parseInstant } from '../instant.ts';
import type { JsonValue } from '../model.ts';
import { type Matcher, type Operator, operator } from './operator.ts';

type InstantRelation = (actualMs: number, boundMs: number) => boolean;

/** Unix milliseconds, or undefined. */
function instantOf(value: JsonValue): number | undefined {
  if (typeof value === 'string') return parseInstant(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

class InstantMatcher implements Matcher {
  readonly #relation: InstantRelation;
  readonly #boundMs: number;

  constructor(relation: InstantRelation, boundMs: number) {
    this.#relation = relation;
    this.#boundMs = boundMs;
  }

  matches(actual: JsonValue): boolean | undefined {
    const actualMs = instantOf(actual);
    return actualMs === undefined ? undefined : this.#relation(actualMs, this.#boundMs);
  }
}

function dateOperator(
  name: string,
  pick: (...bounds: number[]) => number,
  relation: InstantRelation,
): Operator {
  return operator(name, (values, options) => {
    const boundsMs: number[] = [];
    values.forEach((value, index) => {
      const instantMs = instantOf(value);
      if (instantMs !== undefined) boundsMs.push(instantMs);
      else
        options.report(
          index,
          'BAD_OPERAND',
          'An operand must be an RFC 3339 instant, such as "2026-01-31T09:00:00Z", or unix milliseconds.',
        );
    });
    return { matcher: new InstantMatcher(relation, pick(...boundsMs)), steps: 5 };
  });
}

export const DATE_OPERATORS: readonly Operator[] = [
  dateOperator('before', Math.max, (actualMs, boundMs) => actualMs < boundMs),
  dateOperator('after', Math.min, (actualMs, boundMs) => actualMs > boundMs),
];

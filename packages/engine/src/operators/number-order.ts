/**
 * lt, lte, gt, gte over numbers. Any operand may match, so only the largest
 * (lt, lte) or the smallest (gt, gte) counts. Text is not read as a number.
 */
import type { JsonValue } from '../model.ts';
import { type Matcher, type Operator, operator } from './operator.ts';

type NumberRelation = (actual: number, bound: number) => boolean;

class NumberMatcher implements Matcher {
  readonly #relation: NumberRelation;
  readonly #bound: number;

  constructor(relation: NumberRelation, bound: number) {
    this.#relation = relation;
    this.#bound = bound;
  }

  matches(actual: JsonValue): boolean | undefined {
    return typeof actual === 'number' ? this.#relation(actual, this.#bound) : undefined;
  }
}

function orderOperator(
  name: string,
  pick: (...bounds: number[]) => number,
  relation: NumberRelation,
): Operator {
  return operator(name, (values, options) => {
    const bounds: number[] = [];
    values.forEach((value, index) => {
      if (typeof value === 'number' && Number.isFinite(value)) bounds.push(value);
      else options.report(index, 'BAD_OPERAND', 'An operand must be a finite number.');
    });
    return { matcher: new NumberMatcher(relation, pick(...bounds)), steps: 1 };
  });
}

export const NUMBER_OPERATORS: readonly Operator[] = [
  orderOperator('lt', Math.max, (actual, bound) => actual < bound),
  orderOperator('lte', Math.max, (actual, bound) => actual <= bound),
  orderOperator('gt', Math.min, (actual, bound) => actual > bound),
  orderOperator('gte', Math.min, (actual, bound) => actual >= bound),
];

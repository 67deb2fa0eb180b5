/**
 * lt, lte, gt, gte over numbers. Any operand may match, so only the largest
 * (lt, lte) or the smallest (gt, gte) counts. Text is not read as a number.
 */
import type { JsonValue } from '../model.ts';
import { anyElement } from './array-elements.ts';
import { type Operator, operator } from './operator.ts';

type NumberRelation = (actual: number, bound: number) => boolean;

function orderOperator(
  name: string,
  pick: (...bounds: number[]) => number,
  relation: NumberRelation,
): Operator {
  return operator(name, (values, options) => {
    let bound: number | undefined;
    values.forEach((value: JsonValue, index) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        options.report(index, 'BAD_OPERAND', 'An operand must be a finite number.');
      } else {
        bound = bound === undefined ? value : pick(bound, value);
      }
    });
    const limit = bound ?? Number.NaN;
    const test = (actual: JsonValue): boolean | undefined =>
      typeof actual === 'number' ? relation(actual, limit) : undefined;
    return { test: anyElement(test), steps: 1 };
  });
}

export const NUMBER_OPERATORS: readonly Operator[] = [
  orderOperator('lt', Math.max, (actual, bound) => actual < bound),
  orderOperator('lte', Math.max, (actual, bound) => actual <= bound),
  orderOperator('gt', Math.min, (actual, bound) => actual > bound),
  orderOperator('gte', Math.min, (actual, bound) => actual >= bound),
];

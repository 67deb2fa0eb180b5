/**
 * + - * / % max min abs
 *
 * Operands are numbers or text; text that is no number counts 0. Dividing by
 * zero gives infinity, which is true as a condition and no result as a variant.
 * Where a flagd server tells the integer 0, which "-" and "/" of nothing give,
 * from 0 by "===", here both are the same.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { WalkAbort } from '../../walk.ts';
import type { Run } from '../expression.ts';
import { toNumber } from '../number-forms.ts';
import type { ExpressionOperator } from '../operator-table.ts';
import { valueOperator } from '../value-operator.ts';

const USAGE = 'takes a list of numbers.';

type Fold = (total: number, operand: number) => number;

/** The operands from `start` on, folded into the total. */
function fold(
  operands: readonly JsonValue[],
  start: number,
  total: number,
  step: Fold,
  run: Run,
  misuse: WalkAbort,
): number {
  run.spend(operands.length);
  let result = total;
  for (let i = start; i < operands.length; i += 1) result = step(result, toNumber(operands[i]!, misuse));
  return result;
}

const sum = valueOperator('+', 'takes numbers.', (argument, run, misuse) => {
  if (!isJsonArray(argument)) return toNumber(argument, misuse);
  if (argument.length === 1) return toNumber(argument[0]!, misuse);
  return fold(argument, 0, 0, (total, operand) => total + operand, run, misuse);
});

const product = valueOperator('*', USAGE, (argument, run, misuse) => {
  if (!isJsonArray(argument)) throw misuse;
  return fold(argument, 0, 1, (total, operand) => total * operand, run, misuse);
});

/** An operator that folds the other operands into the first; of none it answers `empty`. */
function leftFold(
  name: string,
  step: Fold,
  empty: JsonValue,
  single: (operand: number) => number,
): ExpressionOperator {
  return valueOperator(name, USAGE, (argument, run, misuse) => {
    if (!isJsonArray(argument)) throw misuse;
    if (argument.length === 0) return empty;
    const first = toNumber(argument[0]!, misuse);
    return argument.length === 1 ? single(first) : fold(argument, 1, first, step, run, misuse);
  });
}

/** Unlike Math.max and Math.min, these keep what was there when a number is not comparable. */
function greater(greatest: number, operand: number): number {
  if (operand > greatest) return operand;
  return greatest;
}

function lesser(least: number, operand: number): number {
  if (least > operand) return operand;
  return least;
}

const itself = (operand: number): number => operand;

const remainder = valueOperator('%', 'takes two numbers.', (argument, _run, misuse) => {
  if (!isJsonArray(argument) || argument.length < 2) throw misuse;
  return toNumber(argument[0]!, misuse) % toNumber(argument[1]!, misuse);
});

const absolute = valueOperator('abs', 'takes a number.', (argument, _run, misuse) => {
  const operand = isJsonArray(argument) ? argument[0] : argument;
  if (operand === undefined) throw misuse;
  return Math.abs(toNumber(operand, misuse));
});

export const ARITHMETIC_OPERATORS: readonly ExpressionOperator[] = [
  sum,
  leftFold(
    '-',
    (total, operand) => total - operand,
    0,
    (operand) => -operand,
  ),
  product,
  leftFold('/', (total, operand) => total / operand, 0, itself),
  remainder,
  leftFold('max', greater, null, itself),
  leftFold('min', lesser, null, itself),
  absolute,
];

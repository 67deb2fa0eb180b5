/**
 * equals, notEquals, in, notIn: typed equality with any of the operands.
 * Operands are strings, numbers and booleans; null is asked for with exists.
 */
import type { JsonValue } from '../model.ts';
import { anyElement } from './array-elements.ts';
import { type CompiledOperator, type Operator, type OperatorOptions, operator } from './operator.ts';
import { scalarOperands } from './scalar-operands.ts';

function compileEquality(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const operands = scalarOperands(values, options);
  if (options.ignoreCase) {
    return {
      steps: 1,
      test: anyElement((actual) => operands.has(typeof actual === 'string' ? actual.toLowerCase() : actual)),
    };
  }
  if (operands.size === 1) {
    const [only] = operands;
    return { steps: 1, test: anyElement((actual) => actual === only) };
  }
  return { steps: 1, test: anyElement((actual) => operands.has(actual)) };
}

export const EQUALITY_OPERATORS: readonly Operator[] = [
  operator('equals', compileEquality, { textual: true }),
  operator('notEquals', compileEquality, { textual: true, negative: true }),
  operator('in', compileEquality, { textual: true }),
  operator('notIn', compileEquality, { textual: true, negative: true }),
];

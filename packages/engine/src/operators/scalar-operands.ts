/**
 * Reads operands that are compared by typed equality into a set.
 */
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import type { OperatorOptions } from './operator.ts';

/**
 * Text in the form that ignores case; other values as they are. So is text that
 * is longer than any operand can be when folded, which at most doubles it.
 */
export function folded(value: JsonValue): JsonValue {
  return typeof value === 'string' && value.length <= 2 * LIMITS.operandChars ? value.toLowerCase() : value;
}

/** The set holds strings, numbers and booleans; strings folded when case is ignored. */
export function scalarOperands(
  values: readonly JsonValue[],
  options: OperatorOptions,
): ReadonlySet<JsonValue> {
  const operands = new Set<JsonValue>();
  values.forEach((value, index) => {
    if (typeof value === 'object' || (typeof value === 'number' && !Number.isFinite(value))) {
      options.report(index, 'BAD_OPERAND', 'An operand must be a string, a finite number or a boolean.');
    } else {
      operands.add(options.ignoreCase ? folded(value) : value);
    }
  });
  return operands;
}

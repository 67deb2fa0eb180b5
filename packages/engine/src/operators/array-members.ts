/**
 * arrayContainsAny, arrayContainsAll: an array attribute against the operands
 * as a whole, by typed equality. Attributes that are no arrays are not read.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import { type CompiledOperator, type Operator, type OperatorOptions, operator } from './operator.ts';
import { scalarOperands } from './scalar-operands.ts';

/** Calls `found` for each operand that is an element, until it answers true. */
function scan(
  elements: readonly JsonValue[],
  operands: ReadonlySet<JsonValue>,
  ignoreCase: boolean,
  found: (operand: JsonValue) => boolean,
): boolean {
  const length = Math.min(elements.length, LIMITS.contextItems);
  for (let i = 0; i < length; i += 1) {
    const element = elements[i]!;
    const operand = ignoreCase && typeof element === 'string' ? element.toLowerCase() : element;
    if (operands.has(operand) && found(operand)) return true;
  }
  return false;
}

function compileAny(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const operands = scalarOperands(values, options);
  return {
    steps: 1,
    test: (actual) =>
      isJsonArray(actual) ? scan(actual, operands, options.ignoreCase, () => true) : undefined,
  };
}

function compileAll(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const operands = scalarOperands(values, options);
  const test = (actual: JsonValue): boolean | undefined => {
    if (!isJsonArray(actual)) return undefined;
    const seen = new Set<JsonValue>();
    return scan(actual, operands, options.ignoreCase, (operand) => seen.add(operand).size === operands.size);
  };
  return { steps: 1, test };
}

export const ARRAY_OPERATORS: readonly Operator[] = [
  operator('arrayContainsAny', compileAny, { textual: true }),
  operator('arrayContainsAll', compileAll, { textual: true }),
];

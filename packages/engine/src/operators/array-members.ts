/**
 * arrayContainsAny, arrayContainsAll: an array attribute against the operands
 * as a whole, by typed equality. Attributes that are no arrays are not read.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import {
  type CompiledOperator,
  type Matcher,
  type Operator,
  type OperatorOptions,
  operator,
} from './operator.ts';
import { folded, scalarOperands } from './scalar-operands.ts';

class MembersMatcher implements Matcher {
  readonly #operands: ReadonlySet<JsonValue>;
  readonly #ignoreCase: boolean;
  /** Distinct operands that must be elements. */
  readonly #needed: number;

  constructor(operands: ReadonlySet<JsonValue>, ignoreCase: boolean, needed: number) {
    this.#operands = operands;
    this.#ignoreCase = ignoreCase;
    this.#needed = needed;
  }

  matches(actual: JsonValue): boolean | undefined {
    if (!isJsonArray(actual)) return undefined;
    const length = Math.min(actual.length, LIMITS.contextItems);
    const found = new Set<JsonValue>();
    for (let i = 0; i < length; i += 1) {
      const element = this.#ignoreCase ? folded(actual[i]!) : actual[i]!;
      if (this.#operands.has(element) && found.add(element).size >= this.#needed) return true;
    }
    return false;
  }
}

function compileMembers(
  all: boolean,
  values: readonly JsonValue[],
  options: OperatorOptions,
): CompiledOperator {
  const operands = scalarOperands(values, options);
  return { matcher: new MembersMatcher(operands, options.ignoreCase, all ? operands.size : 1), steps: 1 };
}

const TRAITS = { textual: true, readsWhole: true };

export const ARRAY_OPERATORS: readonly Operator[] = [
  operator('arrayContainsAny', (values, options) => compileMembers(false, values, options), TRAITS),
  operator('arrayContainsAll', (values, options) => compileMembers(true, values, options), TRAITS),
];

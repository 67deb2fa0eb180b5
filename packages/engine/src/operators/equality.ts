/**
 * equals, notEquals, in, notIn: typed equality with any of the operands.
 * Operands are strings, numbers and booleans; null is asked for with exists.
 */
import type { JsonValue } from '../model.ts';
import {
  type CompiledOperator,
  type Matcher,
  type Operator,
  type OperatorOptions,
  operator,
} from './operator.ts';
import { folded, scalarOperands } from './scalar-operands.ts';

/** Up to here, comparing one by one is faster and smaller than a set. */
const FEW = 8;

export class EqualsOne implements Matcher {
  readonly operand: JsonValue;

  constructor(operand: JsonValue) {
    this.operand = operand;
  }

  matches(actual: JsonValue): boolean {
    return actual === this.operand;
  }
}

class EqualsOneOfFew implements Matcher {
  readonly #operands: readonly JsonValue[];

  constructor(operands: readonly JsonValue[]) {
    this.#operands = operands;
  }

  matches(actual: JsonValue): boolean {
    const operands = this.#operands;
    for (let i = 0; i < operands.length; i += 1) if (operands[i] === actual) return true;
    return false;
  }
}

class EqualsOneOfMany implements Matcher {
  readonly #operands: ReadonlySet<JsonValue>;

  constructor(operands: ReadonlySet<JsonValue>) {
    this.#operands = operands;
  }

  matches(actual: JsonValue): boolean {
    return this.#operands.has(actual);
  }
}

class EqualsIgnoringCase implements Matcher {
  readonly #operands: ReadonlySet<JsonValue>;

  constructor(operands: ReadonlySet<JsonValue>) {
    this.#operands = operands;
  }

  matches(actual: JsonValue): boolean {
    return this.#operands.has(folded(actual));
  }
}

function compileEquality(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const operands = scalarOperands(values, options);
  if (options.ignoreCase) return { matcher: new EqualsIgnoringCase(operands), steps: 1 };
  const [operand] = values;
  if (operand !== undefined && values.length === 1) return { matcher: new EqualsOne(operand), steps: 1 };
  if (values.length <= FEW) return { matcher: new EqualsOneOfFew(values), steps: 1 };
  return { matcher: new EqualsOneOfMany(operands), steps: 1 };
}

export const EQUALITY_OPERATORS: readonly Operator[] = [
  operator('equals', compileEquality, { textual: true }),
  operator('notEquals', compileEquality, { textual: true, negative: true }),
  operator('in', compileEquality, { textual: true }),
  operator('notIn', compileEquality, { textual: true, negative: true }),
];

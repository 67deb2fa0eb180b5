/**
 * What an operator is. One file per family beside this one; the table in
 * native-operators.ts names them.
 *
 * How arrays, absence and negation combine, for every operator:
 *
 * | the attribute is                    | plain                   | negated            |
 * |-------------------------------------|-------------------------|--------------------|
 * | absent or null                      | false                   | missing policy     |
 * | of a type the operator cannot read  | false                   | missing policy     |
 * | a scalar                            | any operand matches     | the opposite       |
 * | an array                            | any element matches     | no element matches |
 *
 * The missing policy is "no match" unless the comparison says NEGATE. Of an
 * array only elements that the operator can read count. arrayContainsAny and
 * arrayContainsAll read nothing but arrays; exists and notExists see absence
 * itself. Equality is typed: true is not 1, "1" is not 1.
 */
import type { JsonValue } from '../model.ts';
import type { ProblemCode } from '../problem.ts';

/** True or false; undefined when the operator cannot read the value. */
export type OperatorTest = (actual: JsonValue) => boolean | undefined;

export interface OperatorOptions {
  readonly ignoreCase: boolean;
  /** Reports an operand that cannot be used. */
  readonly report: (index: number, code: ProblemCode, message: string) => void;
}

/** A compiled operator. */
export interface CompiledOperator {
  readonly test: OperatorTest;
  /** Worst-case steps for one value. */
  readonly steps: number;
}

export interface Operator {
  readonly name: string;
  /** The name says "not": negation is applied once more. */
  readonly negative: boolean;
  /** Whether it takes operands (at least one) or none. */
  readonly operands: boolean;
  /** Whether ignore_case means something. */
  readonly textual: boolean;
  /** Absence is what it asks for, so the missing policy does not apply. */
  readonly seesAbsence: boolean;
  readonly compile: (values: readonly JsonValue[], options: OperatorOptions) => CompiledOperator;
}

const OPERATOR_DEFAULTS = { negative: false, operands: true, textual: false, seesAbsence: false };

export function operator(
  name: string,
  compile: Operator['compile'],
  traits: Partial<Omit<Operator, 'name' | 'compile'>> = {},
): Operator {
  return { ...OPERATOR_DEFAULTS, ...traits, name, compile };
}

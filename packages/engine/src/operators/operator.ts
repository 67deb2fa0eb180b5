/**
 * What an operator is. One file per family beside this one; the table in
 * dialects.ts names them.
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
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import type { ProblemCode } from '../problem.ts';

/** The operands of one comparison, compiled. */
export interface Matcher {
  /** True or false; undefined when the operator cannot read the value. */
  matches(actual: JsonValue): boolean | undefined;
}

export interface OperatorOptions {
  readonly ignoreCase: boolean;
  /** Reports an operand that cannot be used. */
  readonly report: (index: number, code: ProblemCode, message: string) => void;
}

export interface CompiledOperator {
  readonly matcher: Matcher;
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
  /** Reads arrays as they are, instead of element by element. */
  readonly readsWhole: boolean;
  /** Absence is what it asks for, so the missing policy does not apply. */
  readonly seesAbsence: boolean;
  /** Its steps are those over short text; longer text takes as many again for each further piece. */
  readonly growsWithText: boolean;
  /** The values are the comparison's own copy. */
  readonly compile: (values: readonly JsonValue[], options: OperatorOptions) => CompiledOperator;
}

const PLAIN = {
  negative: false,
  operands: true,
  textual: false,
  readsWhole: false,
  seesAbsence: false,
  growsWithText: false,
};

export function operator(
  name: string,
  compile: Operator['compile'],
  traits: Partial<Omit<Operator, 'name' | 'compile'>> = {},
): Operator {
  return { ...PLAIN, ...traits, name, compile };
}

/** Characters up to which text counts as short. */
const CHARS_PER_PIECE = 256;
/** Elements of an array that together take about the steps of one value. */
const ELEMENTS_PER_VALUE = 8;

/** Whether a value may take an operator more steps than compile has counted. */
export function isLarge(actual: JsonValue | undefined): boolean {
  return typeof actual === 'object' || (typeof actual === 'string' && actual.length > CHARS_PER_PIECE);
}

/** How often a value takes an operator the steps that compile has counted, beside once. */
export function furtherValues(operator: Operator, actual: JsonValue): number {
  if (typeof actual === 'string') return furtherPieces(operator, actual);
  if (typeof actual !== 'object' || actual === null || !isJsonArray(actual)) return 0;
  const length = Math.min(actual.length, LIMITS.contextItems);
  let pieces = length / ELEMENTS_PER_VALUE;
  if (operator.growsWithText)
    for (let i = 0; i < length; i += 1) pieces += furtherPieces(operator, actual[i]);
  return Math.ceil(pieces);
}

function furtherPieces(operator: Operator, value: JsonValue | undefined): number {
  return operator.growsWithText && typeof value === 'string' ? Math.floor(value.length / CHARS_PER_PIECE) : 0;
}

/** What the operator says about an attribute that is present; undefined when it cannot read it. */
export function applyOperator(operator: Operator, matcher: Matcher, actual: JsonValue): boolean | undefined {
  if (typeof actual !== 'object' || operator.readsWhole) return matcher.matches(actual);
  if (!isJsonArray(actual)) return undefined;
  const length = Math.min(actual.length, LIMITS.contextItems);
  for (let i = 0; i < length; i += 1) {
    const element = actual[i];
    if (element !== undefined && typeof element !== 'object' && matcher.matches(element) === true)
      return true;
  }
  return false;
}

/**
 * Operators that see nothing but the values of their operands.
 *
 * Place on the path: most of the operator table. What holds: operands are
 * evaluated in order and all of them; two written operands, the usual case,
 * need no list.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import type { WalkAbort } from '../walk.ts';
import type { Expression, Run } from './expression.ts';
import { type ExpressionOperator, misuseOf } from './operator-table.ts';

/** Answers from the argument's value: a list of operands, or a single value written without a list. */
export type ValueFunction = (argument: JsonValue, run: Run, misuse: WalkAbort, data: JsonValue) => JsonValue;

/** Answers from exactly two operands. */
export type PairFunction = (first: JsonValue, second: JsonValue, run: Run, misuse: WalkAbort) => JsonValue;

class ValueCall implements Expression {
  readonly #argument: Expression;
  readonly #apply: ValueFunction;
  readonly #misuse: WalkAbort;

  constructor(argument: Expression, apply: ValueFunction, misuse: WalkAbort) {
    this.#argument = argument;
    this.#apply = apply;
    this.#misuse = misuse;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    return this.#apply(this.#argument.evaluate(data, run), run, this.#misuse, data);
  }
}

class PairCall implements Expression {
  readonly #first: Expression;
  readonly #second: Expression;
  readonly #apply: PairFunction;
  readonly #misuse: WalkAbort;

  constructor(first: Expression, second: Expression, apply: PairFunction, misuse: WalkAbort) {
    this.#first = first;
    this.#second = second;
    this.#apply = apply;
    this.#misuse = misuse;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const first = this.#first.evaluate(data, run);
    return this.#apply(first, this.#second.evaluate(data, run), run, this.#misuse);
  }
}

/** `usage` ends the sentence of the error: "takes numbers." */
export function valueOperator(
  name: string,
  usage: string,
  apply: ValueFunction,
  pair?: PairFunction,
): ExpressionOperator {
  const misuse = misuseOf(name, usage);
  return {
    name,
    compile(argument, compiler) {
      if (pair !== undefined && isJsonArray(argument) && argument.length === 2) {
        const [first, second] = compiler.items(argument);
        return new PairCall(first!, second!, pair, misuse);
      }
      return new ValueCall(compiler.compile(argument), apply, misuse);
    },
  };
}

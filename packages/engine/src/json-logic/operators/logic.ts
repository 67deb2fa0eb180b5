/**
 * if ?: and or ! !!
 *
 * A branch whose value is an object with one member is read as an expression,
 * as a flagd server does.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { ExpressionCompiler } from '../compile-expression.ts';
import { evaluateData } from '../data-as-code.ts';
import { Constant, type Expression, Failure, type Run } from '../expression.ts';
import { FLAGD_MEMBER, isObject, onlyMember } from '../object-members.ts';
import { type ExpressionOperator, misuseOf } from '../operator-table.ts';
import { isTrue } from '../truthiness.ts';
import { valueOperator } from '../value-operator.ts';

/** The first branch whose condition holds, else the last one; without one null. */
class Branches implements Expression {
  readonly #conditions: readonly Expression[];
  /** One more than conditions when there is an else. */
  readonly #branches: readonly Expression[];

  constructor(conditions: readonly Expression[], branches: readonly Expression[]) {
    this.#conditions = conditions;
    this.#branches = branches;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const conditions = this.#conditions;
    let index = 0;
    while (index < conditions.length && !isTrue(conditions[index]!.evaluate(data, run), run)) index += 1;
    const value = this.#branches[index]?.evaluate(data, run) ?? null;
    return typeof value === 'object' ? resolveBranch(value, data, run) : value;
  }
}

function resolveBranch(value: JsonValue, data: JsonValue, run: Run): JsonValue {
  const name = isObject(value) ? onlyMember(value, run) : undefined;
  if (name === undefined) return value;
  // Nothing but what the data is given beside its own members.
  if (name === FLAGD_MEMBER && run.flagKeyOf(value) !== undefined) throw NO_OPERATOR;
  return evaluateData(value, data, run);
}

const NO_OPERATOR = misuseOf(FLAGD_MEMBER, 'does not exist.');

function conditional(name: string): ExpressionOperator {
  const misuse = misuseOf(name, 'takes a list of conditions and branches.');
  return {
    name,
    compile(argument, compiler) {
      if (!isJsonArray(argument)) return new Failure(misuse);
      return compileBranches(argument, compiler);
    },
  };
}

function compileBranches(clauses: readonly JsonValue[], compiler: ExpressionCompiler): Expression {
  const expressions = compiler.items(clauses);
  const pairs = Math.floor(clauses.length / 2) * 2;
  const conditions = expressions.filter((_, index) => index < pairs && index % 2 === 0);
  const branches = expressions.filter((_, index) => index >= pairs || index % 2 === 1);
  return new Branches(conditions, branches);
}

/** The first operand whose truth decides, else the last one. */
class Junction implements Expression {
  readonly #operands: readonly Expression[];
  readonly #decides: boolean;

  constructor(operands: readonly Expression[], decides: boolean) {
    this.#operands = operands;
    this.#decides = decides;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const operands = this.#operands;
    let last: JsonValue = null;
    for (let i = 0; i < operands.length; i += 1) {
      last = operands[i]!.evaluate(data, run);
      if (isTrue(last, run) === this.#decides) break;
    }
    return last;
  }
}

function junction(name: string, decides: boolean): ExpressionOperator {
  const misuse = misuseOf(name, 'takes a list of operands.');
  return {
    name,
    compile(argument, compiler) {
      if (!isJsonArray(argument)) return new Failure(misuse);
      return argument.length === 0 ? new Constant(null) : new Junction(compiler.items(argument), decides);
    },
  };
}

function truth(name: string, whenTrue: boolean): ExpressionOperator {
  return valueOperator(name, 'takes one operand.', (argument, run) => {
    const isList = isJsonArray(argument) && argument.length > 0;
    return isTrue(isList ? argument[0]! : argument, run) === whenTrue;
  });
}

export const LOGIC_OPERATORS: readonly ExpressionOperator[] = [
  conditional('if'),
  conditional('?:'),
  junction('and', false),
  junction('or', true),
  truth('!', false),
  truth('!!', true),
];

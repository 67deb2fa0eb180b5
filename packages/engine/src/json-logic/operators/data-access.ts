/**
 * var missing missing_some set
 *
 * A path "" is the data as a whole, and null and absence are the same.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { WalkAbort } from '../../walk.ts';
import type { ExpressionCompiler } from '../compile-expression.ts';
import { evaluateData } from '../data-as-code.ts';
import { pathParts, readParts, readPath } from '../data-path.ts';
import type { Expression, Run } from '../expression.ts';
import { toInteger, toNumber } from '../number-forms.ts';
import { isObject, membersOf } from '../object-members.ts';
import { type ExpressionOperator, misuseOf } from '../operator-table.ts';
import { toText } from '../text-forms.ts';
import { valueOperator } from '../value-operator.ts';

const MISUSE = misuseOf('var', 'takes a path and perhaps a default.');

/** What var answers for its argument's value. */
export function readVar(argument: JsonValue, data: JsonValue, run: Run): JsonValue {
  if (typeof argument === 'string') return readPath(argument, data, run);
  if (typeof argument === 'number') return readPath(toText(argument, MISUSE), data, run);
  // As a whole the data answers only when it is a single value.
  if (argument === null) return typeof data === 'object' ? null : data;
  if (!isJsonArray(argument)) {
    if (data === null) return null;
    throw MISUSE;
  }
  if (argument.length === 0) return data;
  const path = argument[0];
  if (typeof path !== 'string') throw MISUSE;
  return readPath(path, data, run) ?? (argument.length === 2 ? argument[1]! : null);
}

/** A path known at compile, with a default. */
class PathVar implements Expression {
  readonly #parts: readonly string[];
  readonly #fallback: Expression | undefined;

  constructor(path: string, fallback: Expression | undefined) {
    this.#parts = pathParts(path);
    this.#fallback = fallback;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const fallback = this.#fallback === undefined ? null : this.#fallback.evaluate(data, run);
    return readParts(this.#parts, data, run) ?? fallback;
  }
}

class ComputedVar implements Expression {
  readonly #argument: Expression;

  constructor(argument: Expression) {
    this.#argument = argument;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    return readVar(this.#argument.evaluate(data, run), data, run);
  }
}

function compileVar(argument: JsonValue, compiler: ExpressionCompiler): Expression {
  if (typeof argument === 'string') return new PathVar(argument, undefined);
  if (isJsonArray(argument) && argument.length <= 2 && typeof argument[0] === 'string') {
    const fallback = argument.length === 2 ? compiler.compile(argument[1]!) : undefined;
    return new PathVar(argument[0], fallback);
  }
  return new ComputedVar(compiler.compile(argument));
}

/** Names may be lists with a default, or expressions that came out of the data. */
function isMissing(name: JsonValue, data: JsonValue, run: Run): boolean {
  return readVar(evaluateData(name, data, run), data, run) === null;
}

function missing(argument: JsonValue, run: Run, misuse: WalkAbort, data: JsonValue): JsonValue {
  const names = typeof argument === 'string' ? [argument] : argument;
  if (!isJsonArray(names)) throw misuse;
  run.spend(names.length);
  return names.filter((name) => isMissing(name, data, run));
}

function missingSome(argument: JsonValue, run: Run, misuse: WalkAbort, data: JsonValue): JsonValue {
  if (!isJsonArray(argument) || argument.length < 2) throw misuse;
  const needed = toInteger(toNumber(argument[0]!, misuse));
  const names = argument[1]!;
  if (!isJsonArray(names)) throw misuse;
  run.spend(names.length);
  const absent = names.filter((name) => isMissing(name, data, run));
  return needed > names.length - absent.length ? absent : [];
}

/** A copy of an object with one member set to the value of an expression that the operand holds. */
function set(argument: JsonValue, run: Run, misuse: WalkAbort, data: JsonValue): JsonValue {
  if (!isJsonArray(argument)) throw misuse;
  const [object = null, name, value] = argument;
  if (value === undefined || !isObject(object)) return object;
  if (typeof name !== 'string') throw misuse;
  // fromEntries defines own properties, so a name "__proto__" stays data.
  return Object.fromEntries([...membersOf(object, run), [name, evaluateData(value, data, run)]]);
}

export const DATA_ACCESS_OPERATORS: readonly ExpressionOperator[] = [
  { name: 'var', compile: compileVar },
  valueOperator('missing', 'takes a list of paths.', missing),
  valueOperator('missing_some', 'takes a number and a list of paths.', missingSome),
  valueOperator('set', 'takes an object, the name of a member and its value.', set),
];

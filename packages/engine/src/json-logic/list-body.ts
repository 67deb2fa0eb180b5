/**
 * What filter, map, reduce, all, none and some apply to each item.
 *
 * A flagd server puts values in the place of "var" before it applies the body:
 * filter, all, none and some do so, with the data around the list, with the
 * item, or with both; "" and paths that start with "." stay. The values then
 * count as part of the body. So a name that both the item and the data around
 * it have means the latter, and an object put in is read as an operator.
 *
 * What holds: where nothing is put in, and where putting in cannot make a
 * difference, the body compiled beforehand is used.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import type { WalkAbort } from '../walk.ts';
import { type BodyVars, findVars, isFixedPath } from './body-vars.ts';
import type { ExpressionCompiler } from './compile-expression.ts';
import { compileData, evaluateData } from './data-as-code.ts';
import { readPath } from './data-path.ts';
import type { Expression, Run } from './expression.ts';
import { isObject } from './object-members.ts';
import { readVar } from './operators/data-access.ts';

export class ListBody {
  readonly #code: JsonValue;
  readonly #expression: Expression;
  /** Steps of one item. */
  readonly #steps: number;
  readonly #vars: BodyVars;
  /** Whether values of the data are part of it. */
  readonly #filledIn: boolean;

  private constructor(code: JsonValue, expression: Expression, steps: number, filledIn: boolean) {
    this.#code = code;
    this.#expression = expression;
    this.#steps = steps;
    this.#vars = findVars(code);
    this.#filledIn = filledIn;
  }

  static compile(code: JsonValue, compiler: ExpressionCompiler): ListBody {
    const before = compiler.nodes;
    const expression = compiler.compile(code);
    return new ListBody(code, expression, 1 + compiler.nodes - before, false);
  }

  evaluate(item: JsonValue, run: Run): JsonValue {
    run.spend(this.#steps);
    if (!this.#filledIn) return this.#expression.evaluate(item, run);
    run.enterCode();
    const value = this.#expression.evaluate(item, run);
    run.leaveCode();
    return value;
  }

  /** As evaluate, for operators that take nothing but an object. */
  apply(item: JsonValue, run: Run, misuse: WalkAbort): JsonValue {
    if (!isObject(this.#code)) throw misuse;
    return this.evaluate(item, run);
  }

  /** As apply, after the item's values were put in. */
  applyFilledIn(item: JsonValue, run: Run, misuse: WalkAbort): JsonValue {
    const plain =
      this.#vars.replaceable && this.#vars.paths.every((path) => isScalar(readPath(path, item, run)));
    return (plain ? this : this.filledIn(item, run)).apply(item, run, misuse);
  }

  /** The body with the values that the data has. */
  filledIn(data: JsonValue, run: Run): ListBody {
    const { computed, paths } = this.#vars;
    if (!computed && paths.every((path) => readPath(path, data, run) === null)) return this;
    const code = fillIn(this.#code, data, run);
    if (code === this.#code) return this;
    const { expression, nodes } = compileData(code, run);
    return new ListBody(code, expression, 1 + nodes, true);
  }
}

function isScalar(value: JsonValue): boolean {
  return value === null || typeof value !== 'object';
}

/** The code itself when nothing was put in. */
function fillIn(code: JsonValue, data: JsonValue, run: Run): JsonValue {
  run.spend(1);
  if (typeof code !== 'object' || code === null) return code;
  if (isJsonArray(code)) {
    const items = code.map((item) => fillIn(item, data, run));
    return items.some((item, index) => item !== code[index]) ? items : code;
  }
  let changed = false;
  const members: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(code)) {
    if (name === 'var' && !isFixedPath(member)) {
      const value = readVar(evaluateData(member, data, run), data, run);
      if (value !== null) return value;
      members.push([name, member]);
    } else {
      const filled = name === 'var' ? member : fillIn(member, data, run);
      changed ||= filled !== member;
      members.push([name, filled]);
    }
  }
  return changed ? Object.fromEntries(members) : code;
}

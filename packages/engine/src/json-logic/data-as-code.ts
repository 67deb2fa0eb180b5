/**
 * Values that come out of the data and are then read as expressions.
 *
 * A flagd server does so in four places: with the result of a branch of "if",
 * with the names given to "missing", with the value given to "set", and with
 * what "filter", "all", "none" and "some" put in the place of a var. What
 * holds: such expressions have no more power than those of the flag, and cost
 * steps of the same budget.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import { WalkAbort } from '../walk.ts';
import { ExpressionCompiler } from './compile-expression.ts';
import type { Expression, Run } from './expression.ts';

const TOO_LARGE = new WalkAbort('GENERAL', 'The context holds a JSONLogic expression that is too large.');

/** The values of some data, objects that are no expressions included. Data may be cyclic. */
function countValues(data: JsonValue, counted: number, depth: number): number {
  const count = counted + 1;
  if (count > LIMITS.expressionNodes || depth > LIMITS.expressionDepth) throw TOO_LARGE;
  if (typeof data !== 'object' || data === null) return count;
  let total = count;
  for (const item of isJsonArray(data) ? data : Object.values(data)) {
    total = countValues(item, total, depth + 1);
  }
  return total;
}

/** Compiles an expression found while evaluating, at the cost of the walk's steps. */
export function compileData(code: JsonValue, run: Run): { expression: Expression; nodes: number } {
  run.spend(countValues(code, 0, 0));
  const compiler = new ExpressionCompiler(run.target);
  const expression = compiler.compile(code);
  if (compiler.overflow !== undefined) throw TOO_LARGE;
  return { expression, nodes: compiler.nodes };
}

/** The value of an expression that the data holds; what is neither list nor object is its own value. */
export function evaluateData(code: JsonValue, data: JsonValue, run: Run): JsonValue {
  if (typeof code !== 'object' || code === null) return code;
  run.enterCode();
  const value = compileData(code, run).expression.evaluate(data, run);
  run.leaveCode();
  return value;
}

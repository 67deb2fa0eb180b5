/**
 * A condition that is a JSONLogic expression: it holds when the result is true.
 *
 * Place on the path: one row of the table of conditions.
 */
import { NEVER } from '../compile/fixed-condition.ts';
import type { Scope } from '../compile/scope.ts';
import type { JsonValue } from '../model.ts';
import type { Condition, Walk } from '../walk.ts';
import type { CompiledExpression } from './compiled-expression.ts';
import { showResult } from './show-result.ts';
import { isTrue } from './truthiness.ts';

class JsonLogicCondition implements Condition {
  readonly #expression: CompiledExpression;

  constructor(expression: CompiledExpression) {
    this.#expression = expression;
  }

  holds(walk: Walk): boolean {
    const step = walk.trace?.open('condition', 'jsonLogic');
    const run = this.#expression.run(walk.context, walk);
    const result = this.#expression.evaluate(run);
    const holds = isTrue(result, run);
    if (step !== undefined) {
      walk.trace?.close(step, holds, `The JSONLogic result ${holds ? 'is true' : 'is not true'}.`);
      showResult(step, result);
    }
    return holds;
  }
}

export function compileJsonLogicCondition(expression: JsonValue, path: string, scope: Scope): Condition {
  const compiled = scope.expression(expression, path);
  return compiled === undefined ? NEVER : new JsonLogicCondition(compiled);
}

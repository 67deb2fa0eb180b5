/**
 * A whole JSONLogic expression, ready for a walk.
 *
 * Place on the path: what conditions and serves hold.
 */
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import type { ProblemList } from '../problem.ts';
import { frozenCopy, hasFiniteNumbers } from '../variant-value.ts';
import type { Walk } from '../walk.ts';
import { ExpressionCompiler } from './compile-expression.ts';
import { type Expression, type ExpressionTarget, Run } from './expression.ts';

export class CompiledExpression {
  /** The worst case without what grows with the context. */
  readonly steps: number;
  readonly #expression: Expression;
  readonly #target: ExpressionTarget;

  constructor(expression: Expression, target: ExpressionTarget, steps: number) {
    this.#expression = expression;
    this.#target = target;
    this.steps = steps;
  }

  /** One evaluation over the data. */
  run(data: JsonValue, walk: Walk): Run {
    return new Run(walk, this.#target, data);
  }

  /** Throws WalkAbort: PARSE_ERROR where a flagd server fails, GENERAL over the budget of the walk. */
  evaluate(run: Run): JsonValue {
    return this.#expression.evaluate(run.root, run);
  }
}

/** Answers undefined after it reported that the expression is too large, or no JSON. */
export function compileExpression(
  expression: JsonValue,
  target: ExpressionTarget,
  path: string,
  problems: ProblemList,
): CompiledExpression | undefined {
  // The compiled parts keep what is written: it must not change with the caller's definition.
  const written = frozenCopy(expression, LIMITS.expressionDepth);
  if (written === undefined) {
    const message = `The JSONLogic expression is nested deeper than ${LIMITS.expressionDepth}.`;
    problems.add('LIMIT_EXCEEDED', path, message);
    return undefined;
  }
  if (!hasFiniteNumbers(written)) {
    problems.add('BAD_OPERAND', path, 'The JSONLogic expression holds a number that is not finite.');
    return undefined;
  }
  const compiler = new ExpressionCompiler(target);
  const compiled = compiler.compile(written);
  if (compiler.overflow !== undefined) {
    problems.add('LIMIT_EXCEEDED', path, compiler.overflow);
    return undefined;
  }
  return new CompiledExpression(compiled, target, compiler.nodes);
}

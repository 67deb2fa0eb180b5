/**
 * What an operator of JSONLogic is, and all of them by name. One file per
 * family stands in operators/.
 *
 * As a flagd server does: an operator with one operand may be written without
 * its list, and which of the two was written makes a difference.
 */
import type { JsonValue } from '../model.ts';
import { WalkAbort } from '../walk.ts';
import type { ExpressionCompiler } from './compile-expression.ts';
import type { Expression } from './expression.ts';

export interface ExpressionOperator {
  readonly name: string;
  /** The argument as written: usually a list of operands. */
  compile(argument: JsonValue, compiler: ExpressionCompiler): Expression;
}

/** Operators by name. */
export type OperatorTable = ReadonlyMap<string, ExpressionOperator>;

/** Characters of an operator's name in an error: it may come out of the context. */
const SHOWN_CHARS = 100;

/** The error of an operator whose operands it cannot use, made once. */
export function misuseOf(name: string, usage: string): WalkAbort {
  const shown = name.length > SHOWN_CHARS ? `${name.slice(0, SHOWN_CHARS)}...` : name;
  return new WalkAbort('PARSE_ERROR', `The JSONLogic operator "${shown}" ${usage}`);
}

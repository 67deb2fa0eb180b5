/**
 * Applies a bare expression to data, for checks of the dialects themselves:
 * flags hold their expressions compiled.
 *
 * Place on the path: public API, beside the set.
 */
import type { EvaluationErrorCode } from '../evaluation.ts';
import type { JsonValue } from '../model.ts';
import { type Problem, ProblemList } from '../problem.ts';
import { Walk, WalkAbort } from '../walk.ts';
import { compileExpression } from './compiled-expression.ts';
import { findDialect } from './dialects.ts';
import { variantText } from './variant-text.ts';

export interface JsonLogicOptions {
  /** Absent or "": "flagd". */
  readonly dialect?: string;
  /** Given: data that is an object shows `$flagd` with this key and the time. */
  readonly flagKey?: string;
  /** Unix milliseconds; absent: 0. */
  readonly nowMs?: number;
}

export type JsonLogicOutcome =
  | { readonly kind: 'value'; readonly value: JsonValue }
  /** At evaluation: PARSE_ERROR where a flagd server fails too, GENERAL over a limit. */
  | { readonly kind: 'error'; readonly code: EvaluationErrorCode; readonly message: string }
  /** At compile. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const NOBODY_REFERRED_TO = { flag: () => undefined, segment: () => undefined };

/** Never throws for JSON data. Compiles the expression each time. */
export function applyJsonLogic(
  rule: JsonValue,
  data: JsonValue,
  options: JsonLogicOptions = {},
): JsonLogicOutcome {
  const problems: Problem[] = [];
  const list = new ProblemList('flagConfig', options.flagKey ?? '', problems);
  const operators = findDialect(options.dialect ?? '', 'jsonLogicDialect', list);
  if (operators === undefined) return { kind: 'refused', problems };
  const expression = compileExpression(rule, { operators, flagKey: options.flagKey }, '', list);
  if (expression === undefined) return { kind: 'refused', problems };
  const walk = new Walk(NOBODY_REFERRED_TO);
  walk.begin({}, options.nowMs ?? 0, undefined);
  try {
    const run = expression.run(data, walk);
    const value = expression.evaluate(run);
    // Fails for numbers that JSON does not have, as giving the result to anybody would.
    variantText(value, run);
    return { kind: 'value', value };
  } catch (error) {
    if (error instanceof WalkAbort) return { kind: 'error', code: error.code, message: error.message };
    throw error;
  }
}

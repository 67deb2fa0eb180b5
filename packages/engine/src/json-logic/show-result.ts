/**
 * The result of an expression in an explanation.
 */
import type { ExplanationStep } from '../evaluation.ts';
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import { shown } from '../trace.ts';

/** JSON has no infinity, so a number that is not finite is not shown. */
export function showResult(step: ExplanationStep, result: JsonValue): void {
  if (typeof result === 'number' && !Number.isFinite(result)) return;
  step.actual = isJsonArray(result) ? shown(result) : result;
}

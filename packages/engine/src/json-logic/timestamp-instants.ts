/**
 * When the result of an expression changes because time passes: instants at
 * which a comparison of `$flagd.timestamp` with a written number turns.
 *
 * Place on the path: compile; such instants are transitions of the flag, as
 * those of a window are. What is computed from the time is not foreseen.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import { toComparable } from './number-forms.ts';
import { isObject } from './object-members.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', '===', '!==']);
const TIMESTAMP = '$flagd.timestamp';

/** Unix milliseconds. The expression must be one that compiled, which bounds its depth. */
export function timestampInstants(expression: JsonValue): number[] {
  if (typeof expression !== 'object' || expression === null) return [];
  if (isJsonArray(expression)) return expression.flatMap(timestampInstants);
  return Object.entries(expression).flatMap(([name, argument]) =>
    COMPARISONS.has(name) && isJsonArray(argument) && argument.some(isTimestamp)
      ? argument.flatMap(turnsAt)
      : timestampInstants(argument),
  );
}

function isTimestamp(operand: JsonValue): boolean {
  if (!isObject(operand)) return false;
  const path = operand['var'];
  return path === TIMESTAMP || (path !== undefined && isJsonArray(path) && path[0] === TIMESTAMP);
}

/** Whole seconds reach the operand at the first instant, and are past it at the second. */
function turnsAt(operand: JsonValue): number[] {
  if (operand === null || typeof operand === 'object') return [];
  const seconds = toComparable(operand);
  return Number.isFinite(seconds) ? [Math.ceil(seconds) * 1000, (Math.floor(seconds) + 1) * 1000] : [];
}

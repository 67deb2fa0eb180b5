/**
 * Reads "a.b.0" out of the data of an expression.
 *
 * Place on the path: var and missing. What holds: empty parts do not count, a
 * part that is no number is the first element of a list, and null is absent.
 */
import type { JsonValue } from '../model.ts';
import type { Run } from './expression.ts';
import { toInteger, toNumber } from './number-forms.ts';
import { isObject, memberOf } from './object-members.ts';
import { misuseOf } from './operator-table.ts';

/** Cannot happen to text, which always counts as some number. */
const NO_INDEX = misuseOf('var', 'takes a path.');

/** Null when it is absent. */
export function readPath(path: string, data: JsonValue, run: Run): JsonValue {
  run.spendText(path.length);
  if (!path.includes('.')) return path === '' ? data : readPart(path, data, run);
  return readParts(pathParts(path), data, run);
}

export function pathParts(path: string): readonly string[] {
  return path.split('.').filter((part) => part !== '');
}

export function readParts(parts: readonly string[], data: JsonValue, run: Run): JsonValue {
  let value = data;
  for (let i = 0; i < parts.length; i += 1) {
    value = readPart(parts[i]!, value, run);
    if (value === null) return null;
  }
  return value;
}

function readPart(part: string, value: JsonValue, run: Run): JsonValue {
  if (isObject(value)) return memberOf(value, part, run);
  if (value === null || typeof value !== 'object') return null;
  const index = toInteger(toNumber(part, NO_INDEX));
  return (index < 0 ? undefined : value[index]) ?? null;
}

/**
 * What counts as true: everything but false, null, 0, "", and lists and objects
 * without members. Not a number is true.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import type { Run } from './expression.ts';
import { hasMembers } from './object-members.ts';

export function isTrue(value: JsonValue, run: Run): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value.length > 0;
    case 'number':
      return value !== 0;
    case 'object':
      if (value === null) return false;
      return isJsonArray(value) ? value.length > 0 : hasMembers(value, run);
    default:
      return false;
  }
}

/**
 * Tells a JSON array from the other JSON values; the platform's own test does
 * not narrow read-only arrays.
 */
import type { JsonValue } from './model.ts';

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

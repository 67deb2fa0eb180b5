/**
 * The native text form of an attribute: strings as they are, numbers and
 * booleans as their JSON text. Everything else has none and counts as absent.
 *
 * Place on the path: a gate's first step; also how targets and segment members
 * compare, since those lists hold text.
 */
import type { JsonValue } from '../model.ts';

export function nativeText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  // String(-0) is "0", as in JSON.
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return undefined;
}

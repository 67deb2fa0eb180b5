/**
 * The shape of foreign JSON, and places in it.
 *
 * Place on the path: every reader. What holds: only own members are read, so
 * "__proto__" and "constructor" are names like any other.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member, or undefined when the object itself has none of this name. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** "a list", "true" and so on, for messages. */
export function wordFor(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a string';
  return isJsonObject(value) ? 'an object' : String(value);
}

/** "flags.a", and "flags[2]"; names that would be ambiguous stand in quotes. */
export function placeIn(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  const name = /^[\w$-]+$/.test(step) ? step : JSON.stringify(step);
  return path === '' ? name : `${path}.${name}`;
}

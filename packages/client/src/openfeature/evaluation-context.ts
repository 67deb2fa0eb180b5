/**
 * OpenFeature's context as ours: the same names, dates as RFC 3339 text. What
 * is no JSON is left out, as if the application had not set it.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { LIMITS } from '@flagstream/protocol';
import type { EvaluationContext } from '@openfeature/server-sdk';

export function contextOf(context: EvaluationContext): JsonObject {
  return objectOf(context, 1);
}

function objectOf(object: object, depth: number): JsonObject {
  const entries: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(object)) {
    const json = jsonOf(value, depth);
    if (json !== undefined) entries.push([name, json]);
  }
  return Object.fromEntries(entries);
}

function jsonOf(value: unknown, depth: number): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  // The depth bounds what refers to itself, too.
  if (depth >= LIMITS.contextDepthMax) return undefined;
  if (Array.isArray(value)) return value.map((member) => jsonOf(member, depth + 1) ?? null);
  return objectOf(value, depth + 1);
}

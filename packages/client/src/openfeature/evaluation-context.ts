/**
 * OpenFeature's context as ours: the same names, dates as RFC 3339 text. What
 * is no JSON is left out, as if the application had not set it.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { LIMITS } from '@flagstream/protocol';
import type { EvaluationContext } from '@openfeature/server-sdk';

/** Each value is two bytes of JSON at least. What refers to itself in many ways would otherwise never end. */
const VALUES_MAX = LIMITS.contextBytesMax / 2;

export function contextOf(context: EvaluationContext): JsonObject {
  return new ContextCopy().object(context, 1);
}

class ContextCopy {
  #values = 0;

  object(object: object, depth: number): JsonObject {
    const entries: [string, JsonValue][] = [];
    for (const [name, value] of Object.entries(object)) {
      const json = this.#json(value, depth);
      if (json !== undefined) entries.push([name, json]);
    }
    return Object.fromEntries(entries);
  }

  #json(value: unknown, depth: number): JsonValue | undefined {
    this.#values += 1;
    if (this.#values > VALUES_MAX) return undefined;
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
    if (Array.isArray(value)) return value.map((member) => this.#json(member, depth + 1) ?? null);
    return this.object(value, depth + 1);
  }
}

/**
 * Reads one attribute of a context.
 *
 * A path is read as a literal top-level key first ("device.os" may be one key),
 * then part by part ("device" has "os"); one that starts with "/" is a JSON
 * pointer. "" and "targetingKey" are the targeting key, and an empty targeting
 * key is an absent one, since clients that have none send "".
 *
 * What holds: only own properties are read, and null is absent, so no context
 * reaches a prototype.
 */
import { isJsonArray } from './json-array.ts';
import { LIMITS } from './limits.ts';
import type { JsonObject, JsonValue } from './model.ts';
import type { ProblemList } from './problem.ts';

/** Undefined: absent. */
export type AttributeReader = (context: JsonObject) => JsonValue | undefined;

const FORBIDDEN_PARTS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

const readTargetingKey: AttributeReader = (context) => {
  const value = ownProperty(context, 'targetingKey');
  return value === '' ? undefined : value;
};

/** Reports a bad path and then answers a reader that finds nothing. */
export function compileAttribute(attribute: string, path: string, problems: ProblemList): AttributeReader {
  if (attribute === '' || attribute === 'targetingKey') return readTargetingKey;
  problems.limit(path, 'Characters of an attribute path', attribute.length, LIMITS.attributeChars);
  const pointer = attribute.startsWith('/');
  const parts = pointer ? pointerParts(attribute) : attribute.split('.');
  if (parts === undefined) {
    problems.add(
      'BAD_ATTRIBUTE',
      path,
      `"${attribute}" is no JSON pointer: "~" is written "~0" and "/" is written "~1".`,
    );
    return () => undefined;
  }
  const forbidden = parts.find((part) => FORBIDDEN_PARTS.has(part));
  if (forbidden !== undefined) {
    problems.add(
      'BAD_ATTRIBUTE',
      path,
      `"${attribute}" contains the part "${forbidden}", which no attribute may have.`,
    );
    return () => undefined;
  }
  if (parts.length === 1) {
    const key = parts[0] ?? '';
    return (context) => ownProperty(context, key);
  }
  if (pointer) return (context) => readParts(context, parts);
  return (context) => ownProperty(context, attribute) ?? readParts(context, parts);
}

function pointerParts(pointer: string): string[] | undefined {
  if (/~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function ownProperty(object: JsonObject, key: string): JsonValue | undefined {
  const value = object[key];
  if (value === undefined || value === null || !Object.hasOwn(object, key)) return undefined;
  return value;
}

function readParts(context: JsonObject, parts: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = context;
  for (const part of parts) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (isJsonArray(value)) value = ARRAY_INDEX.test(part) ? (value[Number(part)] ?? undefined) : undefined;
    else value = ownProperty(value, part);
  }
  return value;
}

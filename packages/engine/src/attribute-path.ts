/**
 * Reads one attribute of a context.
 *
 * A path is read as a literal top-level key first ("device.os" may be one key),
 * then part by part ("device" has "os"); one that starts with "/" is a JSON
 * pointer. "" and "targetingKey" are the targeting key, and an empty targeting
 * key is an absent one, since clients that have none send "".
 *
 * Place on the path: comparisons, targets, segments and gates. What holds: only
 * own properties are read, and null is absent, so no context reaches a
 * prototype.
 */
import { isJsonArray } from './json-array.ts';
import { LIMITS } from './limits.ts';
import type { JsonObject, JsonValue } from './model.ts';
import type { ProblemSink } from './problem.ts';

const TARGETING_KEY = 'targetingKey';
const FORBIDDEN_PARTS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

export class AttributePath {
  /** As written; for the targeting key its name. */
  readonly name: string;
  /** Undefined: no literal key is read. */
  readonly #key: string | undefined;
  /** Undefined: the literal key alone is read. */
  readonly #parts: readonly string[] | undefined;

  constructor(name: string, key: string | undefined, parts: readonly string[] | undefined) {
    this.name = name;
    this.#key = key;
    this.#parts = parts;
  }

  /** Undefined: absent. */
  read(context: JsonObject): JsonValue | undefined {
    if (this.#key !== undefined) {
      const value = ownProperty(context, this.#key);
      if (value !== undefined) return value === '' && this.#key === TARGETING_KEY ? undefined : value;
    }
    return this.#parts === undefined ? undefined : readParts(context, this.#parts);
  }
}

const UNREADABLE: AttributePath = new AttributePath('', undefined, undefined);

/** Reports a bad path and then answers one that finds nothing. */
export function parseAttribute(attribute: string, path: string, problems: ProblemSink): AttributePath {
  if (attribute === '') return new AttributePath(TARGETING_KEY, TARGETING_KEY, undefined);
  if (attribute.length > LIMITS.attributeChars) {
    const message = `An attribute path may have at most ${LIMITS.attributeChars} characters.`;
    problems.add('LIMIT_EXCEEDED', path, message);
    return UNREADABLE;
  }
  const pointer = attribute.startsWith('/');
  const parts = pointer ? pointerParts(attribute) : attribute.split('.');
  if (parts === undefined) {
    const message = `"${attribute}" is no JSON pointer: "~" is written "~0" and "/" is written "~1".`;
    problems.add('BAD_ATTRIBUTE', path, message);
    return UNREADABLE;
  }
  const forbidden = parts.find((part) => FORBIDDEN_PARTS.has(part));
  if (forbidden !== undefined) {
    const message = `"${attribute}" contains the part "${forbidden}", which no attribute may have.`;
    problems.add('BAD_ATTRIBUTE', path, message);
    return UNREADABLE;
  }
  if (parts.length === 1) return new AttributePath(attribute, parts[0], undefined);
  return new AttributePath(attribute, pointer ? undefined : attribute, parts);
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

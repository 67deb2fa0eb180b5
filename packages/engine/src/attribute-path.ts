/**
 * Reads one attribute of a context.
 *
 * A path is read as a literal top-level key first ("device.os" may be one key),
 * then part by part ("device" has "os"); one that starts with "/" is a JSON
 * pointer. "" and "targetingKey" are the targeting key, and an empty targeting
 * key is an absent one, since clients that have none send "".
 *
 * With a kind, the path is read from the context of that kind alone: a member
 * of a context whose own kind is "multi", else the context itself.
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
/** The kind of a context that names none. */
const SINGLE_KIND = 'user';
/** The kind of a context that holds one member per kind. */
const MULTI_KIND = 'multi';
const FORBIDDEN_PARTS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

export interface AttributePath {
  /** As written; for the targeting key its name; with the kind of context in front. */
  readonly name: string;
  /** Undefined: absent. */
  read(context: JsonObject): JsonValue | undefined;
}

class OwnAttribute implements AttributePath {
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

  read(context: JsonObject): JsonValue | undefined {
    if (this.#key !== undefined) {
      const value = ownProperty(context, this.#key);
      if (value !== undefined) return value === '' && this.#key === TARGETING_KEY ? undefined : value;
    }
    return this.#parts === undefined ? undefined : readParts(context, this.#parts);
  }
}

/** An attribute of one kind of context, of those that a context holds. */
class KindAttribute implements AttributePath {
  readonly name: string;
  readonly #kind: string;
  readonly #attribute: AttributePath;
  /** Read where the attribute is absent: contexts in a context call their targeting key "key". */
  readonly #substitute: AttributePath | undefined;

  constructor(kind: string, attribute: AttributePath) {
    this.name = `${kind} ${attribute.name}`;
    this.#kind = kind;
    this.#attribute = attribute;
    this.#substitute =
      attribute.name === TARGETING_KEY ? new OwnAttribute('key', 'key', undefined) : undefined;
  }

  read(context: JsonObject): JsonValue | undefined {
    const own = contextOfKind(context, this.#kind);
    if (own === undefined) return undefined;
    const value = this.#attribute.read(own);
    if (value !== undefined || this.#substitute === undefined) return value;
    const key = this.#substitute.read(own);
    return key === '' ? undefined : key;
  }
}

function contextOfKind(context: JsonObject, kind: string): JsonObject | undefined {
  const given = ownProperty(context, 'kind') ?? SINGLE_KIND;
  if (given === kind) return kind === MULTI_KIND ? undefined : context;
  if (given !== MULTI_KIND) return undefined;
  const member = ownProperty(context, kind);
  return typeof member === 'object' && member !== null && !isJsonArray(member) ? member : undefined;
}

const UNREADABLE: AttributePath = new OwnAttribute('', undefined, undefined);

/** Reports a bad path or kind and then answers an attribute that finds nothing. `kind` "" is the whole context. */
export function parseAttribute(
  attribute: string,
  kind: string,
  path: string,
  problems: ProblemSink,
): AttributePath {
  const own = parseOwn(attribute, path, problems);
  if (kind === '') return own;
  if (kind.length > LIMITS.attributeChars || kind === MULTI_KIND || FORBIDDEN_PARTS.has(kind)) {
    const message = `"${kind.slice(0, LIMITS.attributeChars)}" is no kind of context that can be named.`;
    problems.add('BAD_ATTRIBUTE', path, message);
    return UNREADABLE;
  }
  return new KindAttribute(kind, own);
}

function parseOwn(attribute: string, path: string, problems: ProblemSink): AttributePath {
  if (attribute === '') return new OwnAttribute(TARGETING_KEY, TARGETING_KEY, undefined);
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
  if (parts.length === 1) return new OwnAttribute(attribute, parts[0], undefined);
  return new OwnAttribute(attribute, pointer ? undefined : attribute, parts);
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

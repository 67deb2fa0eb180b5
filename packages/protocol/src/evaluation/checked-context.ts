/**
 * A request's context, checked against the limits before anything evaluates
 * it. Decoding has made it a plain object; a `__proto__` attribute has no
 * effect, since only own members are read and copied.
 */
import type { JsonObject } from '@flagstream/engine';
import { fail } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const TARGETING_KEY = 'targetingKey';
const EMPTY: JsonObject = Object.freeze({});

/** Bytes of JSON punctuation beside a member's name and value. */
const MEMBER_OVERHEAD_BYTES = 4;
/** A UTF-16 unit is at most this many bytes of UTF-8. */
const UTF8_BYTES_PER_UNIT_MAX = 3;

/** What a context's targetingKey may be: flagd takes it for an attribute like any other. */
export type TargetingKeyForm = 'text' | 'any';

/**
 * @param field path of the context in the request, for messages: `context`, `contexts[3]`
 * @throws FlagstreamError INVALID_CONTEXT naming the attribute
 */
export function checkedContext(
  context: Readonly<Record<string, unknown>> | undefined,
  field: string,
  targetingKey: TargetingKeyForm = 'text',
): JsonObject {
  if (context === undefined) return EMPTY;
  if (!isPlainAndSmall(context)) checkExactly(context, field, targetingKey);
  return context as JsonObject;
}

/**
 * Most contexts are flat and far below the limits, which upper bounds of their
 * size tell at a fraction of the cost. False: look exactly.
 */
function isPlainAndSmall(context: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(context);
  if (names.length > LIMITS.contextAttributesMax) return false;
  let bytes = 2;
  for (const name of names) {
    const value = context[name];
    bytes += name.length * UTF8_BYTES_PER_UNIT_MAX + MEMBER_OVERHEAD_BYTES;
    if (typeof value === 'string') bytes += value.length * UTF8_BYTES_PER_UNIT_MAX;
    else if (name === TARGETING_KEY) return false;
    else if (typeof value === 'boolean' || Number.isFinite(value)) bytes += 8;
    else return false;
  }
  return bytes <= LIMITS.contextBytesMax;
}

function checkExactly(
  context: Readonly<Record<string, unknown>>,
  field: string,
  form: TargetingKeyForm,
): void {
  const names = Object.keys(context);
  if (names.length > LIMITS.contextAttributesMax)
    throw invalid(
      field,
      `has ${names.length} attributes, at most ${LIMITS.contextAttributesMax} are allowed`,
    );
  const targetingKey = Object.hasOwn(context, TARGETING_KEY) ? context[TARGETING_KEY] : undefined;
  if (form === 'text' && targetingKey !== undefined && typeof targetingKey !== 'string')
    throw invalid(`${field}.${TARGETING_KEY}`, 'must be a string');
  const size = new ContextSize(field);
  for (const name of names) size.member(`${field}.${name}`, name, context[name], 1);
}

/** Adds up a context's size and refuses what is too deep, too large or not JSON. */
class ContextSize {
  readonly #field: string;
  #bytes = 2;

  constructor(field: string) {
    this.#field = field;
  }

  member(path: string, name: string, value: unknown, depth: number): void {
    this.#add(Buffer.byteLength(name) + MEMBER_OVERHEAD_BYTES, path);
    this.#value(path, value, depth);
  }

  #value(path: string, value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#add(Buffer.byteLength(value), path);
        return;
      case 'number':
        if (!Number.isFinite(value)) throw invalid(path, `is ${value}, which is not a JSON number`);
        this.#add(8, path);
        return;
      case 'boolean':
        this.#add(5, path);
        return;
      case 'object':
        if (value === null) this.#add(4, path);
        else this.#members(path, value, depth + 1);
        return;
      default:
        throw invalid(path, 'has no value');
    }
  }

  #members(path: string, value: object, depth: number): void {
    if (depth > LIMITS.contextDepthMax)
      throw invalid(path, `is nested deeper than ${LIMITS.contextDepthMax} levels`);
    if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly unknown[]).entries()) {
        this.#add(1, path);
        this.#value(`${path}[${index}]`, item, depth);
      }
      return;
    }
    for (const name of Object.keys(value))
      this.member(`${path}.${name}`, name, (value as Record<string, unknown>)[name], depth);
  }

  #add(bytes: number, path: string): void {
    this.#bytes += bytes;
    if (this.#bytes > LIMITS.contextBytesMax)
      throw invalid(
        path === this.#field ? path : `${this.#field}, at ${path.slice(0, 200)}`,
        `is larger than ${LIMITS.contextBytesMax} bytes`,
      );
  }
}

function invalid(field: string, description: string): Error {
  const named = field.slice(0, 300);
  return fail('INVALID_CONTEXT', `${named}: ${description}`, { fields: [{ field: named, description }] });
}

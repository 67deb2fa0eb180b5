/**
 * A message that came as JSON, as the bytes that handlers decode. What cannot be read is named by its place: the library
 * tells of types alone.
 */
import {
  type DescField,
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonReadOptions,
  type JsonValue,
  toBinary,
} from '@bufbuild/protobuf';
import { fail, invalidField, messageOf } from '@flagstream/protocol';

/** The library follows no message deeper. */
const DEPTH_MAX = 100;
/** What the library says before it says what is wrong. */
const PREAMBLE = /^cannot decode [^:]*? from JSON:? /;

/** @throws FlagstreamError INVALID_FIELD */
export function jsonMessage(
  desc: DescMessage,
  text: string,
  options: Partial<JsonReadOptions>,
): Uint8Array<ArrayBuffer> {
  try {
    return toBinary(desc, fromJsonString(desc, text, options));
  } catch (error) {
    throw unreadable(desc, text, options, error);
  }
}

function unreadable(
  desc: DescMessage,
  text: string,
  options: Partial<JsonReadOptions>,
  cause: unknown,
): Error {
  let json: JsonValue;
  try {
    json = JSON.parse(text) as JsonValue;
  } catch {
    return fail('INVALID_FIELD', 'the message is no JSON document', { cause });
  }
  if (!isObject(json)) return fail('INVALID_FIELD', 'the message must be a JSON object', { cause });
  const found = unreadableIn(desc, json, options, 1);
  return found === undefined
    ? fail('INVALID_FIELD', `the request cannot be decoded: ${said(cause)}`, { cause })
    : invalidField(found.path, found.problem);
}

interface Unreadable {
  readonly path: string;
  readonly problem: string;
}

/** The first field that fails by itself; some fail together alone, as two of a oneof. */
function unreadableIn(
  desc: DescMessage,
  json: Readonly<Record<string, JsonValue>>,
  options: Partial<JsonReadOptions>,
  depth: number,
): Unreadable | undefined {
  if (depth > DEPTH_MAX) return undefined;
  for (const [key, value] of Object.entries(json)) {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) continue;
    for (const { path, inner } of messagesIn(field, value)) {
      const found = unreadableIn(field.message!, inner, options, depth + 1);
      if (found !== undefined) return { ...found, path: `${path}.${found.path}` };
    }
    if (isWhole(field, value)) continue;
    try {
      fromJson(desc, { [key]: value }, options);
    } catch (error) {
      return { path: field.name, problem: problemOf(field, value, error) };
    }
  }
  return undefined;
}

/** Its messages that are fields by fields. */
function messagesIn(
  field: DescField,
  value: JsonValue,
): readonly { readonly path: string; readonly inner: Readonly<Record<string, JsonValue>> }[] {
  if (!isPlainMessage(field)) return [];
  if (isObject(value)) return [{ path: field.name, inner: value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((inner, index) =>
    isObject(inner) ? [{ path: `${field.name}[${index}]`, inner }] : [],
  );
}

/** Nothing is left of it but what `messagesIn` gives. */
function isWhole(field: DescField, value: JsonValue): boolean {
  if (!isPlainMessage(field)) return false;
  return field.fieldKind === 'list' ? Array.isArray(value) && value.every(isObject) : isObject(value);
}

/** Types of google.protobuf have forms of their own in JSON, and keys of a map are no fields. */
function isPlainMessage(field: DescField): boolean {
  return (
    field.message !== undefined &&
    field.fieldKind !== 'map' &&
    !field.message.typeName.startsWith('google.protobuf.')
  );
}

function problemOf(field: DescField, value: JsonValue, error: unknown): string {
  const isStruct = field.message?.typeName === 'google.protobuf.Struct';
  return field.fieldKind === 'message' && (isStruct || isPlainMessage(field)) && !isObject(value)
    ? 'must be a JSON object'
    : said(error);
}

function said(error: unknown): string {
  return messageOf(error).replace(PREAMBLE, '');
}

function isObject(value: JsonValue): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

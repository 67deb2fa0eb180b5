/**
 * A context (google.protobuf.Struct) from its bytes, as the generated decoder
 * makes it: the last of two members with a name, and of two values, counts.
 */
import { FIXED64, LENGTH_DELIMITED, tagOf, undecodable, VARINT, type WireReader } from './wire-reader.ts';

const STRUCT_FIELDS = tagOf(1, LENGTH_DELIMITED);
const ENTRY_KEY = tagOf(1, LENGTH_DELIMITED);
const ENTRY_VALUE = tagOf(2, LENGTH_DELIMITED);
const NULL_VALUE = tagOf(1, VARINT);
const NUMBER_VALUE = tagOf(2, FIXED64);
const STRING_VALUE = tagOf(3, LENGTH_DELIMITED);
const BOOL_VALUE = tagOf(4, VARINT);
const STRUCT_VALUE = tagOf(5, LENGTH_DELIMITED);
const LIST_VALUE = tagOf(6, LENGTH_DELIMITED);
const LIST_VALUES = tagOf(1, LENGTH_DELIMITED);

/** Objects and lists in each other. Deeper than any context may be, so that it is refused by its own limit. */
const NESTED_MAX = 32;

/** What was decoded and not checked: a value without any kind is undefined. */
export type UncheckedContext = Record<string, unknown>;

/**
 * @param end where the Struct, in which the reader stands, ends
 * @throws FlagstreamError INVALID_FIELD
 */
export function readContext(reader: WireReader, end: number): UncheckedContext {
  return readStruct(reader, end, 0);
}

function readStruct(reader: WireReader, end: number, depth: number): UncheckedContext {
  const object: UncheckedContext = {};
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === STRUCT_FIELDS) readMember(reader, reader.contentEnd(end), depth, object);
    else reader.skip(tag, end);
  }
  return object;
}

function readMember(reader: WireReader, end: number, depth: number, object: UncheckedContext): void {
  let name = '';
  let value: unknown;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === ENTRY_KEY) name = reader.name(end);
    else if (tag === ENTRY_VALUE) value = readValue(reader, reader.contentEnd(end), depth);
    else reader.skip(tag, end);
  }
  if (value === undefined) return;
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function readValue(reader: WireReader, end: number, depth: number): unknown {
  let value: unknown;
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case STRING_VALUE:
        value = reader.text(end);
        break;
      case NUMBER_VALUE:
        value = reader.double(end);
        break;
      case BOOL_VALUE:
        value = reader.bool(end);
        break;
      case NULL_VALUE:
        reader.varint(end);
        value = null;
        break;
      case STRUCT_VALUE:
        value = readStruct(reader, reader.contentEnd(end), deeper(depth));
        break;
      case LIST_VALUE:
        value = readList(reader, reader.contentEnd(end), deeper(depth));
        break;
      default:
        reader.skip(tag, end);
    }
  }
  return value;
}

/** @throws FlagstreamError INVALID_FIELD */
function deeper(depth: number): number {
  if (depth >= NESTED_MAX) throw undecodable(`a context is nested deeper than ${NESTED_MAX} levels`);
  return depth + 1;
}

function readList(reader: WireReader, end: number, depth: number): unknown[] {
  const list: unknown[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === LIST_VALUES) list.push(readValue(reader, reader.contentEnd(end), depth));
    else reader.skip(tag, end);
  }
  return list;
}

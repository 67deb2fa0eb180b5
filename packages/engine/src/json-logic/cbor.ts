/**
 * Deterministic CBOR (RFC 8949 §4.2.1) of a JSON value, written from the RFC.
 *
 * Whole numbers from -2^63 to 2^64-1, -0 included, are integers; other numbers
 * take the shortest float that holds them; members of objects stand in the
 * order of their encoded names.
 *
 * Place on the path: what fractional of the dialect v3 hashes. What holds: the
 * bytes that a value needs count as steps, so a deep, huge or cyclic context is
 * left with an error.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { WalkAbort } from '../walk.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Run } from './expression.ts';
import { membersOf } from './object-members.ts';

const UNSIGNED = 0x00;
const NEGATIVE = 0x20;
const TEXT = 0x60;
const LIST = 0x80;
const MAP = 0xa0;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const HALF = 0xf9;
const SINGLE = 0xfa;
const DOUBLE = 0xfb;

/** Arguments below this stand in the first byte itself. */
const SHORT_ARGUMENTS = 24;
const INTEGER_MIN = -(2 ** 63);
const INTEGER_END = 2 ** 64;
const HALF_MAX = 65_504;
/** Of a half float: the exponent of the smallest normal number, and bits of the fraction. */
const HALF_EXPONENT_MIN = -14;
const HALF_FRACTION_BITS = 10;
const HALF_EXPONENT_BIAS = 15;
const HALF_NAN = 0x7e00;
const HALF_INFINITY = 0x7c00;
const HALF_SIGN = 0x8000;

/** Enough for most names of members. */
const NAME_BYTES = 32;

const TOO_DEEP = new WalkAbort(
  'GENERAL',
  `A value to bucket by is nested deeper than ${LIMITS.expressionDepth}.`,
);

const floats = new DataView(new ArrayBuffer(8));

export function writeCbor(value: JsonValue, writer: ByteWriter, run: Run, depth = 0): void {
  run.spend(1);
  if (depth > LIMITS.expressionDepth) throw TOO_DEEP;
  if (typeof value === 'string') writeText(value, writer, run);
  else if (typeof value === 'number') writeNumber(value, writer);
  else if (typeof value === 'boolean') writer.byte(value ? TRUE : FALSE);
  else if (typeof value !== 'object' || value === null) writer.byte(NULL);
  else if (isJsonArray(value)) {
    run.spend(value.length);
    writeHead(LIST, value.length, writer);
    for (const item of value) writeCbor(item, writer, run, depth + 1);
  } else writeMap(value, writer, run, depth);
}

function writeText(text: string, writer: ByteWriter, run: Run): void {
  run.spendText(text.length);
  const start = writer.length;
  const length = writer.text(text);
  const bytes = writer.since(start);
  writer.truncate(start);
  writeHead(TEXT, length, writer);
  writer.bytes(bytes);
}

function writeMap(object: JsonObject, writer: ByteWriter, run: Run, depth: number): void {
  const members = membersOf(object, run).map(([name, member]) => {
    const encoded = new ByteWriter(NAME_BYTES);
    writeText(name, encoded, run);
    return { name: encoded.since(0), member };
  });
  members.sort((a, b) => compareBytes(a.name, b.name));
  writeHead(MAP, members.length, writer);
  for (const { name, member } of members) {
    writer.bytes(name);
    writeCbor(member, writer, run, depth + 1);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The type and its argument, an integer below 2^64, in the fewest bytes. */
function writeHead(type: number, argument: number, writer: ByteWriter): void {
  if (argument < SHORT_ARGUMENTS) writer.byte(type | argument);
  else if (argument < 2 ** 8) writeArgument(type | 24, BigInt(argument), 1, writer);
  else if (argument < 2 ** 16) writeArgument(type | 25, BigInt(argument), 2, writer);
  else if (argument < 2 ** 32) writeArgument(type | 26, BigInt(argument), 4, writer);
  else writeArgument(type | 27, BigInt(argument), 8, writer);
}

function writeArgument(first: number, argument: bigint, bytes: number, writer: ByteWriter): void {
  floats.setBigUint64(0, argument);
  writer.byte(first);
  writeView(8 - bytes, writer);
}

/** The bytes of the view from `start` on. */
function writeView(start: number, writer: ByteWriter, end = 8): void {
  for (let i = start; i < end; i += 1) writer.byte(floats.getUint8(i));
}

function writeNumber(value: number, writer: ByteWriter): void {
  const isInteger = Number.isInteger(value) && value >= INTEGER_MIN && value < INTEGER_END;
  if (!isInteger) writeFloat(value, writer);
  else if (value >= 0) writeHead(UNSIGNED, value, writer);
  // -1 - value is not exact in a double beyond 2^53, where the argument is no short one.
  else if (value >= -(2 ** 53)) writeHead(NEGATIVE, -1 - value, writer);
  else writeArgument(NEGATIVE | 27, -1n - BigInt(value), 8, writer);
}

function writeFloat(value: number, writer: ByteWriter): void {
  const half = halfBits(value);
  if (half !== undefined) {
    floats.setUint16(0, half);
    writer.byte(HALF);
    writeView(0, writer, 2);
  } else if (Math.fround(value) === value) {
    floats.setFloat32(0, value);
    writer.byte(SINGLE);
    writeView(0, writer, 4);
  } else {
    floats.setFloat64(0, value);
    writer.byte(DOUBLE);
    writeView(0, writer);
  }
}

/** The bits of the half float that is exactly this number, if there is one. */
function halfBits(value: number): number | undefined {
  if (Number.isNaN(value)) return HALF_NAN;
  const sign = value < 0 ? HALF_SIGN : 0;
  const size = Math.abs(value);
  if (size === Infinity) return sign | HALF_INFINITY;
  if (size > HALF_MAX) return undefined;
  const exponent = Math.max(Math.floor(Math.log2(size)), HALF_EXPONENT_MIN);
  // In units of the last place; from the smallest normal number on its leading bit is implied.
  const units = size / 2 ** (exponent - HALF_FRACTION_BITS);
  if (!Number.isInteger(units)) return undefined;
  return sign | (units + (exponent + HALF_EXPONENT_BIAS - 1) * 2 ** HALF_FRACTION_BITS);
}

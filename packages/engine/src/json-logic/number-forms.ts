/**
 * How a flagd server reads numbers from values. Its JSONLogic library has two
 * ways: comparisons never fail, arithmetic takes nothing but numbers and text.
 */
import type { JsonValue } from '../model.ts';
import type { WalkAbort } from '../walk.ts';
import { trimBlanks } from './text-forms.ts';

const DIGITS = String.raw`\d+(?:_\d+)*`;
const DECIMAL = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);
const INFINITE = /^([+-])?inf(?:inity)?$/i;
const HEXADECIMAL = /^([+-])?0x_?([\da-f]*(?:_[\da-f]+)*)\.?([\da-f]*(?:_[\da-f]+)*)p([+-]?\d+(?:_\d+)*)$/i;
const HEX_DIGIT_BITS = 4;
/** Longer text is no number: reading it must not cost more than a step. */
const NUMBER_CHARS = 400;

/** A number written as Go's literals are; undefined when the text is none. */
function parseNumber(text: string): number | undefined {
  if (text.length > NUMBER_CHARS) return undefined;
  if (DECIMAL.test(text)) return Number(text.includes('_') ? text.replaceAll('_', '') : text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? Number.NaN : parseHexadecimal(text);
}

function parseHexadecimal(text: string): number | undefined {
  const match = HEXADECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = ''] = match.map((part) => part?.replaceAll('_', ''));
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const size = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - HEX_DIGIT_BITS * fraction.length);
  return sign === '-' ? -size : size;
}

/** For arithmetic: text that is no number counts 0; anything else but a number fails. */
export function toNumber(value: JsonValue, misuse: WalkAbort): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return parseNumber(value) ?? 0;
  throw misuse;
}

/** For comparisons: null and blank text are 0, a boolean is 0 or 1, what is no number compares with nothing. */
export function toComparable(value: JsonValue): number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'string':
      return textToComparable(value);
    default:
      return value === null ? 0 : Number.NaN;
  }
}

function textToComparable(text: string): number {
  const number = parseNumber(text);
  if (number === undefined) return trimBlanks(text) === '' ? 0 : Number.NaN;
  // A number too large to hold is none; written as infinity it is one.
  return Number.isFinite(number) || INFINITE.test(text) ? number : Number.NaN;
}

const INT64_BOUND = 2 ** 63;

/** Go's conversion of a float to an integer: without the fraction; out of range is the least integer. */
export function toInteger(value: number): number {
  return value >= -INT64_BOUND && value < INT64_BOUND ? Math.trunc(value) : -INT64_BOUND;
}

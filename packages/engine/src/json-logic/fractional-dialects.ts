/**
 * The three ways in which flagd's clients and servers divide subjects, by name.
 * They place a given subject differently.
 *
 * Place on the path: compile of fractional. What is read of the operands is the
 * same in all of them (fractional.ts).
 */
import { multiplyShift } from '../hash/multiply-shift.ts';
import { murmur3x86Prefix } from '../hash/murmur3-x86-32.ts';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from '../hash/utf8.ts';
import type { JsonValue } from '../model.ts';
import { ByteWriter } from './byte-writer.ts';
import { writeCbor } from './cbor.ts';
import type { Run } from './expression.ts';

export interface FractionalDialect {
  /** Whether something else than text can be bucketed by; null then gives no result. */
  readonly anyBucketingValue: boolean;
  /** Hash of a bucketing value, unsigned 32 bit. */
  hash(value: JsonValue, run: Run): number;
  /** Hash where no bucketing value is given. */
  hashSubject(flagKey: string, targetingKey: string, run: Run): number;
  /** The subject's place; entry i holds the places below bounds[i] that no entry before it holds. */
  place(hash: number, total: number): number;
  /** The end of an entry, from the weights up to it. */
  bound(previous: number, weight: number, total: number): number;
}

/** Enough for any usual key. */
const SCRATCH_BYTES = 4_096;
const CBOR_BYTES = 128;

/** Shared by all evaluations: hashing text is synchronous and calls nothing foreign. */
const scratch = new Uint8Array(SCRATCH_BYTES);

const utf8 = {
  anyBucketingValue: false,
  hash(value: JsonValue, run: Run): number {
    return hashTexts(typeof value === 'string' ? value : '', '', run);
  },
  hashSubject: hashTexts,
} as const;

function hashTexts(first: string, second: string, run: Run): number {
  run.spendText(first.length + second.length);
  const needed = (first.length + second.length) * UTF8_BYTES_PER_UNIT;
  const bytes = needed <= SCRATCH_BYTES ? scratch : new Uint8Array(needed);
  const length = encodeUtf8(second, bytes, encodeUtf8(first, bytes, 0));
  return murmur3x86Prefix(bytes, length, 0);
}

/** Reads members of foreign objects, so its writer is its own. */
function hashCbor(value: JsonValue, run: Run): number {
  const writer = new ByteWriter(CBOR_BYTES);
  writeCbor(value, writer, run);
  return writer.hash();
}

/** Whole numbers: the place is hash * total / 2^32, the bounds are sums of weights. */
const multiplied = {
  place: multiplyShift,
  bound: (previous: number, weight: number): number => previous + weight,
} as const;

const HALF_RANGE = 2 ** 31 - 1;

/** Percentages in floating point, as before flagd 0.15. */
const percentages = {
  place: (hash: number): number => (Math.abs(hash | 0) / HALF_RANGE) * 100,
  bound: (previous: number, weight: number, total: number): number => previous + (100 * weight) / total,
} as const;

const v2: FractionalDialect = { ...utf8, ...multiplied };
const v1: FractionalDialect = { ...utf8, ...percentages };
const v3: FractionalDialect = {
  anyBucketingValue: true,
  hash: hashCbor,
  hashSubject: (flagKey, targetingKey, run) => hashCbor([flagKey, targetingKey], run),
  ...multiplied,
};

export const FRACTIONAL_DIALECTS: ReadonlyMap<string, FractionalDialect> = new Map([
  ['flagd', v2],
  ['flagd-fractional-v1', v1],
  ['flagd-fractional-v3', v3],
]);

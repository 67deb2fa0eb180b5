// flagd's bucketing vectors. What the engine computes inside is found from outside: with two variants, the
// smallest first weight at which a user gets the first one says where the user stands in the whole.

import { applyJsonLogic, type JsonValue, murmur3x86 } from '@flagstream/engine';
import { CaseReader } from './case-reader.ts';
import { cborBytes } from './cbor-bytes.ts';
import { canonicalText, compareJson } from './json-comparison.ts';
import type { ConformanceCase, Remark, Suite, Verdict } from './suite.ts';
import type { SuiteFile } from './suite-folder.ts';

/** The largest sum of weights. */
const WHOLE = 2 ** 31 - 1;
const UTF8 = new TextEncoder();
const ROUNDED: Verdict = { kind: 'refused', reason: 'an integer that a double cannot hold' };

export const FLAGD_FRACTIONAL: Suite = {
  name: 'flagd fractional',
  folder: 'flagd',
  reads: (file) => file === 'fractional-vectors.json',
  *cases(file: SuiteFile): Generator<ConformanceCase> {
    const document = CaseReader.ofJson(file);
    for (const row of document.member('v2').items()) yield { at: row.at, judge: () => judgeV2(row) };
    for (const row of document.member('v3').items())
      yield { at: row.at, judge: () => judgeV3(row), remark: () => remarkOnV3(row) };
  },
};

/** A user's place: v2 and, of the same user, the arithmetic before flagd 0.15. */
function judgeV2(row: CaseReader): Verdict {
  const text = row.member('bucketBy').text();
  const percent = row.member('legacyV1Percent').number();
  return compareJson(
    {
      bytes: row.member('utf8Hex').text(),
      hash: row.member('murmur3x86_32').number(),
      bucketOf100: row.member('bucketOf100').number(),
      bucketOf2147483647: row.member('bucketOf2147483647').number(),
      // The least weight of 2147483647 whose share exceeds the percentage.
      legacyWeight: leastWeight(WHOLE, (weight) => percent < (weight * 100) / WHOLE),
    },
    {
      bytes: Buffer.from(UTF8.encode(text)).toString('hex'),
      hash: murmur3x86(UTF8.encode(text), 0),
      bucketOf100: bucketOf(100, text, ''),
      bucketOf2147483647: bucketOf(WHOLE, text, ''),
      legacyWeight: leastWeight(WHOLE, (weight) => getsFirst(weight, WHOLE, text, 'flagd-fractional-v1')),
    },
  );
}

/** A user's place when any value can be hashed, over its CBOR encoding. */
function judgeV3(row: CaseReader): Verdict {
  const value = valueOfV3(row);
  if (isRounded(value, row.member('cborHex').text())) return ROUNDED;
  const bytes = cborBytes(value);
  const hash = row.member('murmur3x86_32').number();
  const bucketed = isReachable(value);
  return compareJson(
    {
      bytes: row.member('cborHex').text(),
      hash,
      bucketOf100: bucketed ? row.member('bucketOf100').number() : undefined,
      bucketOf2147483647: bucketed ? Number((BigInt(hash) * BigInt(WHOLE)) >> 32n) : undefined,
    },
    {
      bytes: Buffer.from(bytes).toString('hex'),
      hash: murmur3x86(bytes, 0),
      bucketOf100: bucketed ? bucketOf(100, value, 'flagd-fractional-v3') : undefined,
      bucketOf2147483647: bucketed ? bucketOf(WHOLE, value, 'flagd-fractional-v3') : undefined,
    },
  );
}

function remarkOnV3(row: CaseReader): Remark | undefined {
  const value = valueOfV3(row);
  if (isReachable(value)) return undefined;
  return {
    topic:
      'bytes and hash were compared, not the bucket: a list is an entry to fractional, and null is nothing',
    text: `${row.at}, ${canonicalText(value)}`,
  };
}

/** Whether reading the JSON changed the number: the vector's bytes are those of another integer. */
function isRounded(value: JsonValue, cborHex: string): boolean {
  const [, head, argument] = /^([13]b)([0-9a-f]{16})$/.exec(cborHex) ?? [];
  if (argument === undefined || !Number.isInteger(value) || Number.isSafeInteger(value)) return false;
  const unsigned = BigInt(`0x${argument}`);
  return BigInt(value as number) !== (head === '1b' ? unsigned : -1n - unsigned);
}

function valueOfV3(row: CaseReader): JsonValue {
  // Some JSON parsers lose the sign.
  return row.member('isFloatMinusZero').json() === true ? -0 : row.member('value').json();
}

/** Whether fractional can be made to bucket by the value. */
function isReachable(value: JsonValue): boolean {
  return value !== null && (!Array.isArray(value) || isSubject(value));
}

/** A flag's key and a targeting key: what is hashed where no bucketing value is given. */
function isSubject(value: JsonValue): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

/** The bucket of `total` that the engine puts the value in; `total` when no weight reaches it. */
function bucketOf(total: number, value: JsonValue, dialect: string): number {
  return leastWeight(total, (weight) => getsFirst(weight, total, value, dialect)) - 1;
}

/** Whether the first of two variants takes the value, with this weight of the total. */
function getsFirst(weight: number, total: number, value: JsonValue, dialect: string): boolean {
  const variants: readonly JsonValue[] = [
    ['first', weight],
    ['second', total - weight],
  ];
  const outcome = isSubject(value)
    ? applyJsonLogic({ fractional: variants }, { targetingKey: value[1] }, { dialect, flagKey: value[0] })
    : applyJsonLogic({ fractional: [{ var: 'value' }, ...variants] }, { value }, { dialect });
  if (outcome.kind === 'value') return outcome.value === 'first';
  throw new Error(`the engine does not bucket ${canonicalText(value)}: ${canonicalText(outcome)}`);
}

/** The least weight that holds, of 1 to `total`; total + 1 when none does. */
function leastWeight(total: number, holds: (weight: number) => boolean): number {
  let below = 0;
  let found = total + 1;
  while (found - below > 1) {
    const middle = Math.floor((below + found) / 2);
    if (holds(middle)) found = middle;
    else below = middle;
  }
  return found;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { multiplyShift } from './multiply-shift.ts';

describe('multiplyShift', () => {
  test.each([
    [0x9fe843e0, 100, 62],
    [0xaa20d279, 100, 66],
    [0x24d687a4, 100, 14],
    [0, 100_000, 0],
    [0xffffffff, 100_000, 99_999],
    [0x80000000, 2_147_483_647, 1_073_741_823],
    [0xffffffff, 2 ** 21, 2 ** 21 - 1],
    // Too large a product for a double.
    [3_814_580_524, 3_157_556_783, Number((3_814_580_524n * 3_157_556_783n) >> 32n)],
  ])('%i over %i buckets is %i', (hash, buckets, bucket) => {
    expect(multiplyShift(hash, buckets)).toBe(bucket);
  });

  test('is exact for every hash and number of buckets', () => {
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(uint32, fc.oneof(uint32, fc.integer({ min: 1, max: 2 ** 21 + 5 })), (hash, buckets) => {
        expect(multiplyShift(hash, buckets)).toBe(Number((BigInt(hash) * BigInt(buckets)) >> 32n));
      }),
    );
  });
});

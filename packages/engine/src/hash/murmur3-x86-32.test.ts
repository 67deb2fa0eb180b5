import { describe, expect, test } from 'vitest';
import { murmur3x86 } from './murmur3-x86-32.ts';

const encoder = new TextEncoder();

describe('murmur3x86', () => {
  // From the verification of flagd's bucketing, where inputs of every length mod 4 occur.
  test.each([
    ['', 0],
    ['a', 0x3c2569b2],
    ['abc', 0xb3dd93fa],
    ['user-123', 0x9f709a47],
    ['é', 0x10110787],
    ['ü', 0x7840e6aa],
    ['fractional-flagjack', 0x9fe843e0],
    ['shared-seedseven', 0xaa20d279],
    ['fractional-flag-shorthandjon@company.com', 0x24d687a4],
    ['SI7p-', 0x7fffffff],
    ['6LvT0', 0x80000000],
    ['ceQdGm', 0xffffffff],
  ])('of %j with seed 0', (text, hash) => {
    expect(murmur3x86(encoder.encode(text), 0)).toBe(hash);
  });

  test.each([
    [[], 1, 0x514e28b7],
    [[], 0xffffffff, 0x81f16f39],
    [[0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
    [[0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
    [[0x21, 0x43, 0x65], 0, 0x7e4a8634],
    [[0x21, 0x43], 0, 0xa0f7b07a],
    [[0], 0, 0x514e28b7],
  ])('of bytes %j with seed %i', (bytes, seed, hash) => {
    expect(murmur3x86(Uint8Array.from(bytes), seed)).toBe(hash);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { hashBehind, hashPrefix } from './murmur3-text.ts';
import { murmur3x86 } from './murmur3-x86-32.ts';
import { encodeUtf8 } from './utf8.ts';

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  return bytes.subarray(0, encodeUtf8(text, bytes, 0));
}

function hash(prefix: string, text: string, seed: number): number {
  const { state, rest, length } = hashPrefix(prefix, seed);
  return hashBehind(state, rest, length, text);
}

function bytesHash(prefix: string, text: string, seed: number): number {
  return murmur3x86(new Uint8Array([...bytesOf(prefix), ...bytesOf(text)]), seed);
}

describe('text behind a prefix hashes as their bytes', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  test('of any ASCII', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
    fc.assert(
      fc.property(ascii, ascii, seeds, (prefix, text, seed) => {
        expect(hash(prefix, text, seed)).toBe(bytesHash(prefix, text, seed));
      }),
    );
  });

  test('of any Unicode, lone surrogates included', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
        .map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(texts, texts, seeds, (prefix, text, seed) => {
        expect(hash(prefix, text, seed)).toBe(bytesHash(prefix, text, seed));
      }),
    );
  });

  test('at every place of a block, and at the longest', () => {
    for (let prefix = 0; prefix < 9; prefix += 1)
      for (let text = 0; text < 9; text += 1)
        expect(hash('p'.repeat(prefix), 't'.repeat(text), 7)).toBe(
          bytesHash('p'.repeat(prefix), 't'.repeat(text), 7),
        );
    const longest = '€'.repeat(LIMITS.contextStringChars);
    expect(hash('p', longest, 0)).toBe(bytesHash('p', longest, 0));
    expect(hash('', 'abc', 0)).toBe(0xb3dd93fa);
  });
});

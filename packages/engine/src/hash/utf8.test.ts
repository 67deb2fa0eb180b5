import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from './utf8.ts';

function encode(text: string, offset = 0): Uint8Array {
  const target = new Uint8Array(offset + text.length * UTF8_BYTES_PER_UNIT);
  return target.slice(offset, encodeUtf8(text, target, offset));
}

describe('encodeUtf8', () => {
  test.each(['', 'a', 'é', '€', '𝄞', '\ud800', '\udc00x', 'a\ud83dz', '\u07ff\u0800\uffff'])(
    'of %j is what the platform writes',
    (text) => {
      expect(encode(text)).toEqual(new TextEncoder().encode(text));
    },
  );

  test('agrees with the platform on any UTF-16 text, at any offset', () => {
    const units = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff }));
    fc.assert(
      fc.property(fc.array(units), fc.nat(8), (codes, offset) => {
        const text = String.fromCharCode(...codes);
        expect(encode(text, offset)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from './utf8.ts';

function encode(text: string, offset = 0): Uint8Array {
  const target = new Uint8Array(offset + text.length * UTF8_BYTES_PER_UNIT);
  return target.slice(offset, encodeUtf8(text, target, offset));
}

describe('encodeUtf8', () => {
  test.each([
    ...['', 'a', 'é', '€', '𝄞', '\ud800', '\udc00x', 'a\ud83dz'],
    // The ends of each length, of both kinds of surrogates, and pairs that are none.
    ...['\u007f\u0080', '\u07ff\u0800', '\ud7ff\ue000\uffff', '\u{10000}\u{10ffff}\u{10fc00}\u{103ff}'],
    ...['\ud800\udbff', '\ud800\ue000', '\udbff\ud7ff', '\udc00\udc00', '\udfff\udfff', '\udbff', 'x\udbff'],
  ])('of %j is what the platform writes', (text) => {
    expect(encode(text)).toEqual(new TextEncoder().encode(text));
  });

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

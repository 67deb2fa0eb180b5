// Header blocks of a server that was told to keep no table (RFC 7541): each field stands whole in its block. A field with
// a character that is not printable ASCII is passed over: gRPC has none.

/** RFC 7541, appendix B: code and its bits, of the characters from the space to the tilde. */
// biome-ignore format: a table
const CODES: readonly (readonly [code: number, bits: number])[] = [
  [0x14, 6], [0x3f8, 10], [0x3f9, 10], [0xffa, 12], [0x1ff9, 13], [0x15, 6], [0xf8, 8], [0x7fa, 11],
  [0x3fa, 10], [0x3fb, 10], [0xf9, 8], [0x7fb, 11], [0xfa, 8], [0x16, 6], [0x17, 6], [0x18, 6],
  [0x0, 5], [0x1, 5], [0x2, 5], [0x19, 6], [0x1a, 6], [0x1b, 6], [0x1c, 6], [0x1d, 6],
  [0x1e, 6], [0x1f, 6], [0x5c, 7], [0xfb, 8], [0x7ffc, 15], [0x20, 6], [0xffb, 12], [0x3fc, 10],
  [0x1ffa, 13], [0x21, 6], [0x5d, 7], [0x5e, 7], [0x5f, 7], [0x60, 7], [0x61, 7], [0x62, 7],
  [0x63, 7], [0x64, 7], [0x65, 7], [0x66, 7], [0x67, 7], [0x68, 7], [0x69, 7], [0x6a, 7],
  [0x6b, 7], [0x6c, 7], [0x6d, 7], [0x6e, 7], [0x6f, 7], [0x70, 7], [0x71, 7], [0x72, 7],
  [0xfc, 8], [0x73, 7], [0xfd, 8], [0x1ffb, 13], [0x7fff0, 19], [0x1ffc, 13], [0x3ffc, 14], [0x22, 6],
  [0x7ffd, 15], [0x3, 5], [0x23, 6], [0x4, 5], [0x24, 6], [0x5, 5], [0x25, 6], [0x26, 6],
  [0x27, 6], [0x6, 5], [0x74, 7], [0x75, 7], [0x28, 6], [0x29, 6], [0x2a, 6], [0x7, 5],
  [0x2b, 6], [0x76, 7], [0x2c, 6], [0x8, 5], [0x9, 5], [0x2d, 6], [0x77, 7], [0x78, 7],
  [0x79, 7], [0x7a, 7], [0x7b, 7], [0x7ffe, 15], [0x7fc, 11], [0x3ffd, 14], [0x1ffd, 13],
];
const FIRST_CHARACTER = 32;
const CHARACTERS: ReadonlyMap<string, string> = new Map(
  CODES.map(([code, bits], index) => [
    code.toString(2).padStart(bits, '0'),
    String.fromCharCode(FIRST_CHARACTER + index),
  ]),
);
const CODE_BITS_MAX = Math.max(...CODES.map(([, bits]) => bits));

/** The fields whose names are literals too: none of gRPC's trailers has a name in the static table. */
export function literalFields(block: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const reader = new BlockReader(block);
  while (!reader.done) {
    const first = block[reader.at]!;
    if (first >= 0x80) reader.integer(7);
    else if (first >= 0x20 && first < 0x40) reader.integer(5);
    else {
      const index = reader.integer(first >= 0x40 ? 6 : 4);
      const name = index === 0 ? reader.text() : '';
      const value = reader.text();
      if (name !== undefined && name !== '' && value !== undefined) fields.set(name, value);
    }
  }
  return fields;
}

class BlockReader {
  readonly #block: Buffer;
  at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get done(): boolean {
    return this.at >= this.#block.length;
  }

  /** §5.1 */
  integer(prefixBits: number): number {
    const max = 2 ** prefixBits - 1;
    let value = this.#block[this.at++]! & max;
    if (value < max) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#block[this.at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** §5.2; undefined: it has a character that is not known here. */
  text(): string | undefined {
    const isCoded = this.#block[this.at]! >= 0x80;
    const length = this.integer(7);
    const bytes = this.#block.subarray(this.at, this.at + length);
    this.at += length;
    return isCoded ? decoded(bytes) : bytes.toString('latin1');
  }
}

function decoded(bytes: Buffer): string | undefined {
  let [text, code] = ['', ''];
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code += (byte >> bit) & 1;
      const character = CHARACTERS.get(code);
      if (character !== undefined) {
        text += character;
        code = '';
      } else if (code.length > CODE_BITS_MAX) return undefined;
    }
  }
  // What is left fills the last byte, with ones.
  return code.includes('0') ? undefined : text;
}

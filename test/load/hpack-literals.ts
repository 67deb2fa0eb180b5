// Header blocks of a server that was told to keep no table (RFC 7541): each field stands whole in its block. Enough of
// Huffman's code for the names and values that are looked for here; a field with another character is passed over.

/** RFC 7541, appendix B. */
const CODES: Readonly<Record<string, string>> = {
  '0': '00000',
  '1': '00001',
  '2': '00010',
  a: '00011',
  c: '00100',
  e: '00101',
  i: '00110',
  o: '00111',
  s: '01000',
  t: '01001',
  '%': '010101',
  '-': '010110',
  '.': '010111',
  '/': '011000',
  '3': '011001',
  '4': '011010',
  '5': '011011',
  '6': '011100',
  '7': '011101',
  '8': '011110',
  '9': '011111',
  b: '100011',
  d: '100100',
  f: '100101',
  g: '100110',
  h: '100111',
  l: '101000',
  m: '101001',
  n: '101010',
  p: '101011',
  r: '101100',
  u: '101101',
  j: '1110100',
  k: '1110101',
  q: '1110110',
  v: '1110111',
  w: '1111000',
  x: '1111001',
  y: '1111010',
  z: '1111011',
};
const CHARACTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(CODES).map(([character, code]) => [code, character]),
);
const CODE_BITS_MAX = 7;

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

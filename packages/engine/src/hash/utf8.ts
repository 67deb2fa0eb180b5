/**
 * UTF-8 without the platform's encoder, which the engine's type environment
 * does not have. A lone surrogate becomes U+FFFD, as everywhere.
 */

/** Bytes that one UTF-16 unit needs at most. */
export const UTF8_BYTES_PER_UNIT = 3;

/** Writes the text's bytes from `offset` on and answers the offset after them. The target must be large enough. */
export function encodeUtf8(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  let at = offset;
  for (let i = 0; i < length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      target[at++] = unit;
    } else if (unit < 0x800) {
      target[at++] = 0xc0 | (unit >> 6);
      target[at++] = 0x80 | (unit & 0x3f);
    } else {
      let point = unit;
      if (unit >= 0xd800 && unit < 0xe000) {
        const next = i + 1 < length ? text.charCodeAt(i + 1) : 0;
        if (unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
          point = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
          i += 1;
        } else {
          point = 0xfffd;
        }
      }
      at = encodePoint(point, target, at);
    }
  }
  return at;
}

/** A code point from U+0800 on. */
function encodePoint(point: number, target: Uint8Array, offset: number): number {
  let at = offset;
  if (point < 0x10000) {
    target[at++] = 0xe0 | (point >> 12);
  } else {
    target[at++] = 0xf0 | (point >> 18);
    target[at++] = 0x80 | ((point >> 12) & 0x3f);
  }
  target[at++] = 0x80 | ((point >> 6) & 0x3f);
  target[at++] = 0x80 | (point & 0x3f);
  return at;
}

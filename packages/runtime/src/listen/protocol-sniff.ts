/**
 * Tells from a connection's first bytes what it speaks. Pure.
 */

export type Sniffed =
  | 'http2'
  | 'http1'
  /** A TLS ClientHello. */
  | 'tls'
  /** None of them. */
  | 'unknown'
  /** Not decided yet: more bytes are needed. */
  | 'more';

/**
 * Enough of the HTTP/2 connection preface that no HTTP/1 request begins with
 * it. The first byte decides all else, so no connection needs more bytes than this.
 */
const HTTP2_PREFACE: Uint8Array = new TextEncoder().encode('PRI * HTTP/2.0\r\n');
const TLS_HANDSHAKE = 0x16;

export function sniffProtocol(bytes: Uint8Array): Sniffed {
  const first = bytes[0];
  if (first === undefined) return 'more';
  if (first === TLS_HANDSHAKE) return 'tls';
  if (!isUpperCaseLetter(first)) return 'unknown';
  for (let i = 0; i < HTTP2_PREFACE.length; i++) {
    const byte = bytes[i];
    if (byte === undefined) return 'more';
    if (byte !== HTTP2_PREFACE[i]) return 'http1';
  }
  return 'http2';
}

/** HTTP methods begin with one. */
function isUpperCaseLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

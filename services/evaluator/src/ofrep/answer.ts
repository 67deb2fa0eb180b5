/** Answers over HTTP: JSON with every status, compressed where that is worth it and wanted. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { RequestHold } from './held-bytes.ts';

export type Headers = Readonly<Record<string, string>>;

/** Below, compressing takes longer than sending. */
const COMPRESSED_FROM_BYTES = 1_024;
/** Flags repeat themselves: more effort makes little of it smaller. */
const GZIP = { level: 3 } as const;

export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Undefined for what is short, as refusals are. */
  readonly hold?: RequestHold;
}

/**
 * Sends a JSON document; it counts as held until it was taken.
 * @throws FlagstreamError OVERLOADED
 */
export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { status, text, headers, hold }: JsonAnswer,
): void {
  // Of one that is gone already no end would be heard.
  if (response.destroyed) return;
  const bytes = Buffer.byteLength(text);
  hold?.take(bytes);
  if (bytes < COMPRESSED_FROM_BYTES) {
    writeHead(response, status, headers, bytes);
    // A text leaves in one piece with its head.
    response.end(text);
    return;
  }
  const isPacked = takesGzip(request.headers['accept-encoding']);
  const varying = varyingHeaders(headers, isPacked);
  if (!isPacked) {
    writeHead(response, status, varying, bytes);
    response.end(text);
    return;
  }
  gzip(Buffer.from(text), GZIP, (error, packed) => {
    // Its caller may have left meanwhile.
    if (response.destroyed) return;
    // Only what there is no memory for cannot be packed: whoever asks again may have more luck.
    if (error !== null) {
      response.destroy();
      return;
    }
    writeHead(response, status, { ...varying, 'content-encoding': 'gzip' }, packed.length);
    response.end(packed);
  });
}

/** Tells that a document is as the caller has it, with the headers that it would be sent with. */
export function sendUnchanged(
  request: IncomingMessage,
  response: ServerResponse,
  text: string,
  headers: Headers,
): void {
  const isShort = Buffer.byteLength(text) < COMPRESSED_FROM_BYTES;
  const sent = isShort ? headers : varyingHeaders(headers, takesGzip(request.headers['accept-encoding']));
  sendEmpty(response, 304, { ...sent, 'cache-control': 'no-store' });
}

/** A tag that is strong says that bytes are the same, which those of a compressed document are not. */
function varyingHeaders(headers: Headers, isPacked: boolean): Headers {
  const { vary, etag } = headers;
  return {
    ...headers,
    vary: vary ? `${vary}, Accept-Encoding` : 'Accept-Encoding',
    ...(isPacked && etag !== undefined ? { etag: `W/${etag}` } : {}),
  };
}

/** As a list: Node writes it as it is, and of all that a request costs its headers are a good part. */
function writeHead(response: ServerResponse, status: number, headers: Headers, bytes: number): void {
  const list = [
    ...['content-type', 'application/json; charset=utf-8'],
    ...['content-length', String(bytes), 'cache-control', 'no-store'],
  ];
  for (const name in headers) list.push(name, headers[name]!);
  response.writeHead(status, list);
}

/** An answer without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Headers): void {
  response.writeHead(status, headers).end();
}

/** Whether Accept-Encoding has gzip, and not with a weight of nothing; "*" is for what it does not name. */
function takesGzip(accepted: string | undefined): boolean {
  const taken = new Map(
    (accepted ?? '').split(',').map((each) => {
      const [coding = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
      return [coding, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))] as const;
    }),
  );
  return taken.get('gzip') ?? taken.get('*') ?? false;
}

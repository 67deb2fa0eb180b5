/** Answers over HTTP: JSON with every status, compressed where that is worth it and wanted. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HeldBytes } from './held-bytes.ts';

export type Headers = Readonly<Record<string, string>>;

/** Below, compressing takes longer than sending. */
const COMPRESSED_FROM_BYTES = 1_024;
/** Flags repeat themselves: more effort makes little of it smaller. */
const GZIP = { level: 3 } as const;
const compress = promisify<Buffer, typeof GZIP, Buffer>(gzip);

/**
 * Sends a JSON document; it counts as held until it was taken.
 * @throws FlagstreamError OVERLOADED
 */
export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { status, text, headers, held }: JsonAnswer,
): Promise<void> {
  // Of one that is gone already no end would be heard.
  if (response.destroyed) return;
  const bytes = Buffer.byteLength(text);
  if (held !== undefined) {
    held.take(bytes);
    response.once('close', () => held.give(bytes));
  }
  const isLong = bytes >= COMPRESSED_FROM_BYTES;
  const isCompressed = isLong && takesGzip(request.headers['accept-encoding']);
  // A text leaves in one piece with its head.
  const body = isCompressed ? await compress(Buffer.from(text), GZIP) : text;
  // Its caller may have left meanwhile.
  if (response.destroyed) return;
  const vary = [headers['vary'], isLong ? 'Accept-Encoding' : undefined].filter((each) => each !== undefined);
  response.writeHead(status, {
    ...headers,
    ...(vary.length === 0 ? {} : { vary: vary.join(', ') }),
    ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    'content-type': 'application/json; charset=utf-8',
    'content-length': typeof body === 'string' ? bytes : body.length,
    'cache-control': 'no-store',
  });
  response.end(body);
}

export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Undefined for what is short, as refusals are. */
  readonly held?: HeldBytes;
}

/** An answer without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Headers): void {
  response.writeHead(status, headers).end();
}

/** Whether Accept-Encoding has gzip, and not with a weight of nothing. */
function takesGzip(accepted: string | undefined): boolean {
  return (accepted ?? '').split(',').some((each) => {
    const [coding = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    if (coding !== 'gzip' && coding !== '*') return false;
    return !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

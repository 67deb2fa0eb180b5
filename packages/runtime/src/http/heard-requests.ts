/**
 * What every listener of HTTP/1.1 here does before it looks at a request: takes addresses in both forms, and answers in
 * its own words what Node would refuse without any.
 *
 * Holds true: who is refused here loses the connection, as nobody knows where its next request begins.
 */
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { LIMITS } from '@flagstream/protocol';
import { answerText, JSON_TYPE } from './json-answer.ts';

/** The body of a refusal: a document of JSON as the listener's clients know it. */
export type RefusalWords = (status: number, details: string) => string;

/** Of a server whose requests are heard so: a host that is missing is asked for here. */
export const HEARD: ServerOptions = { requireHostHeader: false, maxHeaderSize: LIMITS.httpHeaderBytesMax };

const ABSOLUTE = /^https?:\/\/(?:[^/?#@]*@)?([^/?#@]+)(.*)$/is;
const BAD_REQUEST = [400, 'Bad Request', 'this is no request of HTTP/1.1'] as const;
/** By Node's code of what it could not read. */
const UNREADABLE: ReadonlyMap<string, readonly [status: number, words: string, details: string]> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    [
      431,
      'Request Header Fields Too Large',
      `the headers are longer than ${LIMITS.httpHeaderBytesMax} bytes`,
    ],
  ],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'Payload Too Large', 'the extensions of a chunk are too long']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout', 'the request did not arrive in time']],
]);

/** The listener of such a server. */
export function heard(listener: RequestListener, words: RefusalWords): RequestListener {
  return (request, response) => {
    const hosts = hostsOf(request);
    if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1'))
      refuse(
        request,
        response,
        400,
        words(400, `the request names ${hosts === 0 ? 'no host' : 'more than one host'}`),
      );
    else {
      toOriginForm(request);
      listener(request, response);
    }
  };
}

/** For what never becomes a request. */
export function refuseUnheard(server: Server | SecureServer, words: RefusalWords): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuse(request, response, 417, words(417, 'nothing but 100-continue can be expected here')),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What comes behind what was refused.
    if (socket.writableEnded) return;
    if (error.code === 'ECONNRESET' || !socket.writable || isWithinAnswer(socket)) {
      socket.destroy();
      return;
    }
    const [status, reason, details] = UNREADABLE.get(error.code ?? '') ?? BAD_REQUEST;
    const body = words(status, details);
    const head = [
      `HTTP/1.1 ${status} ${reason}`,
      `content-type: ${JSON_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), LIMITS.httpLingerMs).unref();
  });
}

/** As a proxy's client writes it; the host that it names counts, whatever the header says (RFC 9112, 3.2.2). */
function toOriginForm(request: IncomingMessage): void {
  const { url = '' } = request;
  if (url.startsWith('/')) return;
  const [, host, rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (host === undefined) return;
  request.headers.host = host;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, body: string): void {
  answerText(request, response, status, JSON_TYPE, body, { connection: 'close' });
}

/** Node keeps the first one, and a proxy before it may have gone by the last. */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/** Node's own rule: a second answer would break the one that is on its way. */
function isWithinAnswer(socket: Duplex): boolean {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}

/**
 * Which pages of browsers may call. A page of a foreign origin is refused before anything is done for it: an answer that
 * it may not read could still have changed something, and a name that was made to point here (DNS rebinding) would make
 * it an origin of ours.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../listen/exposure.ts';
import type { HttpRequest, HttpResponse } from './connect-call.ts';

/** Pages that are served from the developer's own machine. */
export const LOCAL_ORIGINS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'].flatMap((host) => [
  `http://${host}:*`,
  `https://${host}:*`,
]);
/** "*", or scheme://host, scheme://host:port, scheme://host:* (any port). */
export const ORIGIN_PATTERN: RegExp = /^(\*|https?:\/\/(\[[0-9a-fA-F:]+\]|[^\s/:*[\]]+)(:(\d{1,5}|\*))?)$/;

/** What pages may use of a port. */
export interface PortUse {
  readonly methods: readonly string[];
  /** Headers of answers that browsers hide from a page by default. */
  readonly exposed: readonly string[];
}

const CONNECT: PortUse = {
  methods: ['GET', 'HEAD', 'POST'],
  // What flagd exposes, and when to come back.
  exposed: [
    'Accept',
    'Accept-Encoding',
    'Accept-Post',
    'Connect-Accept-Encoding',
    'Connect-Content-Encoding',
    'Content-Encoding',
    'Grpc-Accept-Encoding',
    'Grpc-Encoding',
    'Grpc-Message',
    'Grpc-Status',
    'Grpc-Status-Details-Bin',
    'Retry-After',
  ],
};
/** Seconds for which a browser need not ask again: as long as any of them keeps it. */
const PREFLIGHT_AGE = '7200';
const REQUESTED_HEADERS_LENGTH_MAX = 1_000;
/** Browsers take every name below it for this machine. */
const BELOW_LOCALHOST = /(?<=^https?:\/\/)[^/:]+\.(?=localhost$)/;

export class CrossOrigin {
  readonly #any: boolean;
  readonly #exact = new Set<string>();
  readonly #anyPort = new Set<string>();
  readonly #methods: string;
  readonly #exposed: string;

  constructor(origins: readonly string[], { methods, exposed }: PortUse = CONNECT) {
    this.#methods = methods.join(', ');
    this.#exposed = exposed.join(', ');
    this.#any = origins.includes('*');
    for (const origin of origins) {
      if (origin.endsWith(':*')) this.#anyPort.add(origin.slice(0, -2).toLowerCase());
      else this.#exact.add(origin.toLowerCase());
    }
  }

  allows(origin: string): boolean {
    const name = origin.toLowerCase();
    if (this.#any || this.#exact.has(name)) return true;
    return this.#anyPort.has(name.replace(/:\d+$/, '').replace(BELOW_LOCALHOST, ''));
  }

  /** Why a request is refused, if it is. */
  refusal(request: HttpRequest): string | undefined {
    const { origin } = request.headers;
    if (origin !== undefined)
      return this.allows(origin)
        ? undefined
        : `pages of ${JSON.stringify(origin.slice(0, 200))} may not call: name it in corsOrigins`;
    return this.#isRebound(request)
      ? 'a call without a key must name this machine by its address: name the host in corsOrigins'
      : undefined;
  }

  /** Headers that let the page of an allowed origin read the answer. */
  headers({ origin }: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const exposed = { 'access-control-expose-headers': this.#exposed };
    if (this.#any) return { 'access-control-allow-origin': '*', ...exposed };
    if (origin === undefined || !this.allows(origin)) return { vary: 'Origin' };
    return { 'access-control-allow-origin': origin, ...exposed, vary: 'Origin' };
  }

  /** More of them where a browser asks before it calls: it may send whatever headers it wants to, as with flagd. */
  preflightHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const wanted = headers['access-control-request-headers'] ?? '';
    const isTaken = wanted !== '' && wanted.length <= REQUESTED_HEADERS_LENGTH_MAX;
    return {
      'access-control-allow-methods': this.#methods,
      ...(isTaken ? { 'access-control-allow-headers': wanted } : {}),
      'access-control-max-age': PREFLIGHT_AGE,
    };
  }

  /** Puts `headers` on the answer to a page. */
  mark({ headers }: HttpRequest, response: HttpResponse): void {
    if (headers.origin !== undefined) setHeaders(response, this.headers(headers));
  }

  /** Answers what a browser asks before it calls. False: it is no such question. */
  preflight({ method, headers }: HttpRequest, response: HttpResponse): boolean {
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
    setHeaders(response, this.preflightHeaders(headers));
    response.writeHead(204);
    response.end();
    return true;
  }

  /**
   * A page can read from its own origin without saying who it is. One whose name was made to point at loopback has no key,
   * and a name that nobody here has heard of.
   */
  #isRebound({ headers, socket }: HttpRequest): boolean {
    const { authorization, host = headers[':authority'] } = headers;
    if (this.#any || authorization !== undefined || typeof host !== 'string') return false;
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === 'localhost' || name.endsWith('.localhost'))
      return false;
    if (this.allows(`http://${host}`) || this.allows(`https://${host}`)) return false;
    // Last, as it takes the longest.
    return isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
  }
}

function setHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

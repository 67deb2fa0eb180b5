/**
 * Which pages of browsers may call. A page of a foreign origin is refused before anything is done for it: an answer that
 * it may not read could still have changed something, and a name that was made to point here (DNS rebinding) would make
 * it an origin of ours.
 */
import { isIP } from 'node:net';
import { isLoopback } from '../listen/exposure.ts';
import type { HttpRequest, HttpResponse } from './connect-call.ts';

/** Pages that are served from the developer's own machine. */
export const LOCAL_ORIGINS: readonly string[] = [
  'http://localhost:*',
  'https://localhost:*',
  'http://127.0.0.1:*',
];
/** "*", or scheme://host, scheme://host:port, scheme://host:* (any port). */
export const ORIGIN_PATTERN: RegExp = /^(\*|https?:\/\/(\[[0-9a-fA-F:]+\]|[^\s/:*[\]]+)(:(\d{1,5}|\*))?)$/;

const METHODS = 'GET, HEAD, POST';
/** What flagd exposes, and when to come back. */
const EXPOSED = [
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
].join(', ');
/** Seconds for which a browser need not ask again: as long as any of them keeps it. */
const PREFLIGHT_AGE = '7200';

export class CrossOrigin {
  readonly #any: boolean;
  readonly #exact = new Set<string>();
  readonly #anyPort = new Set<string>();

  constructor(origins: readonly string[]) {
    this.#any = origins.includes('*');
    for (const origin of origins) {
      if (origin.endsWith(':*')) this.#anyPort.add(origin.slice(0, -2).toLowerCase());
      else this.#exact.add(origin.toLowerCase());
    }
  }

  allows(origin: string): boolean {
    const name = origin.toLowerCase();
    return this.#any || this.#exact.has(name) || this.#anyPort.has(name.replace(/:\d+$/, ''));
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
  mark(request: HttpRequest, response: HttpResponse): void {
    const { origin } = request.headers;
    if (origin === undefined) return;
    response.setHeader('access-control-allow-origin', this.#any ? '*' : origin);
    response.setHeader('vary', 'Origin');
    response.setHeader('access-control-expose-headers', EXPOSED);
  }

  /** Answers what a browser asks before it calls. False: it is no such question. */
  preflight(request: HttpRequest, response: HttpResponse): boolean {
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return false;
    const headers = request.headers['access-control-request-headers'];
    response.setHeader('access-control-allow-methods', METHODS);
    if (headers !== undefined) response.setHeader('access-control-allow-headers', headers);
    response.setHeader('access-control-max-age', PREFLIGHT_AGE);
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
    if (!isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))) return false;
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === 'localhost' || name.endsWith('.localhost'))
      return false;
    return !(this.allows(`http://${host}`) || this.allows(`https://${host}`));
  }
}

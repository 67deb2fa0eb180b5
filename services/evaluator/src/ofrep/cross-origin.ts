/**
 * Which pages of browsers may read answers. No cookie counts here, so a page that may ask has been given a key, or needs
 * none; where none is asked for, as on a developer's machine, any page that is open in the browser could read the flags
 * of localhost, and only pages from there may.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '@flagstream/runtime';

const ANY = '*';
/** What browsers hide from a page by default. */
const EXPOSED = 'ETag, Retry-After, Content-Encoding';
const METHODS = 'GET, POST, OPTIONS';
/** Browsers keep it no longer than two hours whatever is said. */
const PREFLIGHT_SECONDS = '7200';
const REQUESTED_HEADERS_LENGTH_MAX = 1_000;

export class CrossOrigin {
  readonly #origins: readonly string[] | undefined;

  /** @param origins that may ask, "*": all; undefined: those of this machine */
  constructor(origins: readonly string[] | undefined) {
    this.#origins = origins;
  }

  /** What every answer to a page says. */
  headers({ origin }: IncomingHttpHeaders): Readonly<Record<string, string>> {
    if (this.#origins?.includes(ANY) === true)
      return { 'access-control-allow-origin': ANY, 'access-control-expose-headers': EXPOSED };
    if (origin === undefined || !this.#allows(origin)) return { vary: 'Origin' };
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED,
      vary: 'Origin',
    };
  }

  /** What a browser is told before it sends a page's request: whatever headers it wants to have, as flagd. */
  preflight(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const wanted = headers['access-control-request-headers'] ?? '';
    const allowed = wanted.length <= REQUESTED_HEADERS_LENGTH_MAX ? wanted : '';
    return {
      ...this.headers(headers),
      'access-control-allow-methods': METHODS,
      ...(allowed === '' ? {} : { 'access-control-allow-headers': allowed }),
      'access-control-max-age': PREFLIGHT_SECONDS,
    };
  }

  #allows(origin: string): boolean {
    return this.#origins === undefined ? isOfThisMachine(origin) : this.#origins.includes(origin);
  }
}

function isOfThisMachine(origin: string): boolean {
  try {
    const { hostname } = new URL(origin);
    return isLoopback(hostname.replace(/^\[|\]$/g, '')) || hostname.endsWith('.localhost');
  } catch {
    // "null", of pages that have no origin.
    return false;
  }
}

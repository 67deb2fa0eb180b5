/**
 * Where a caller of the bulk request finds the stream of its events: an address that opens with no header at all, as
 * browsers send none with it. A key is not in it; what stands for the key opens this one stream and nothing else.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { KeyDoor, Principal } from '@flagstream/runtime';
import { EVENTS_PATH } from './routes.ts';

/** What in a query stands for a key. */
export const PASS = 'pass';

/** Seconds in the background after which a client shall close its stream. */
const INACTIVITY_DELAY_SECONDS = 120;

/** What a pass is good for. */
export interface EventScope {
  readonly project: string;
  readonly environment: string;
  /** As it came: "" for none. */
  readonly selector: string;
}

export type Passes = Pick<KeyDoor, 'passFor' | 'admitPass'>;

export function purposeOf({ project, environment, selector }: EventScope): string {
  return ['ofrep events', project, environment, selector].join('\n');
}

/** A host, with a port or without. */
const HOST = /^[\w.:[\]-]{1,255}$/;

/** The member `eventStreams` of a bulk answer. */
export function eventStreams(
  principal: Principal,
  selector: string,
  headers: IncomingHttpHeaders,
  { passes, isSecure }: { readonly passes: Passes; readonly isSecure: boolean },
): readonly object[] {
  const { project, environment } = principal;
  const query = new URLSearchParams({ project, environment });
  const pass = passes.passFor(principal, purposeOf({ project, environment, selector }));
  if (pass !== undefined) query.set(PASS, pass);
  const channel = selector === '' ? '' : `/${encodeURIComponent(selector)}`;
  const url = `${originOf(headers, isSecure)}${EVENTS_PATH}${channel}?${query}`;
  return [{ type: 'sse', url, inactivityDelaySec: INACTIVITY_DELAY_SECONDS }];
}

/**
 * As the caller sees this port: clients take the address as it stands, and a page's own origin is another one. Behind a
 * proxy it is what that says. "" where nobody says it: the address then begins with its path.
 */
function originOf(headers: IncomingHttpHeaders, isSecure: boolean): string {
  const host = first(headers['x-forwarded-host']) ?? headers.host ?? '';
  if (!HOST.test(host)) return '';
  const forwarded = first(headers['x-forwarded-proto']);
  const scheme = forwarded === 'https' || forwarded === 'http' ? forwarded : isSecure ? 'https' : 'http';
  return `${scheme}://${host}`;
}

/** Proxies in a row make a list of it, the caller's own first. */
function first(header: string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',')[0]?.trim();
}

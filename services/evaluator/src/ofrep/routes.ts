/** Which of OFREP's resources a request means. Pure. */

export type Route =
  | { readonly name: 'flag'; readonly flagKey: string }
  | { readonly name: 'flags' }
  /** A stream of events; "" is all flags, otherwise a selector. */
  | { readonly name: 'events'; readonly channel: string };

/** What a request that is none of them counts as. */
export const NO_ROUTE = 'none';

const FLAGS = '/ofrep/v1/evaluate/flags';
const EVENTS = '/ofrep/v1/sse';

export const EVENTS_PATH: string = EVENTS;

export const METHODS: Readonly<Record<Route['name'], string>> = {
  flag: 'POST',
  flags: 'POST',
  events: 'GET',
};

export interface Target {
  readonly route: Route | undefined;
  readonly query: Pick<URLSearchParams, 'get'>;
}

const NO_QUERY: Pick<URLSearchParams, 'get'> = new URLSearchParams();

/** @param target of the request line: a path, with a query or without */
export function targetOf(target: string): Target {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  return { route: routeOf(path), query: at < 0 ? NO_QUERY : new URLSearchParams(target.slice(at + 1)) };
}

function routeOf(path: string): Route | undefined {
  const flagKey = below(FLAGS, path);
  if (flagKey !== undefined) return flagKey === '' ? { name: 'flags' } : { name: 'flag', flagKey };
  const channel = below(EVENTS, path);
  return channel === undefined ? undefined : { name: 'events', channel };
}

/** What stands below a path, "" for the path itself; undefined: it is another one. */
function below(base: string, path: string): string | undefined {
  if (path === base) return '';
  return path.startsWith(`${base}/`) ? unescaped(path.slice(base.length + 1)) : undefined;
}

/** Some clients (Kotlin, Ruby) send keys as they are: one with a stray "%" means itself. */
function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

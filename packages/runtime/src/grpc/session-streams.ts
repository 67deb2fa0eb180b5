/**
 * The streams that Node keeps of an HTTP/2 connection: in a Map, and before they have their number in a Set, which keep
 * those that have ended from being collected soon (fleeting-map.ts).
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { FleetingMap } from './fleeting-map.ts';
import { nodeSymbol } from './node-symbol.ts';

/** What Node's session has inside. */
interface SessionState {
  streams: Pick<FleetingMap<number, ServerHttp2Stream>, 'get' | 'set' | 'delete' | 'size' | 'forEach'>;
  pendingStreams: Pick<FleetingSet<ServerHttp2Stream>, 'add' | 'delete' | 'size' | 'forEach'>;
}

const USED = { streams: ['get', 'set', 'delete', 'forEach'], pendingStreams: ['add', 'delete', 'forEach'] };

/** As much of a Set as Node uses here. */
class FleetingSet<T> {
  readonly #map = new FleetingMap<T, T>();

  get size(): number {
    return this.#map.size;
  }

  add(value: T): this {
    this.#map.set(value, value);
    return this;
  }

  delete(value: T): boolean {
    return this.#map.delete(value);
  }

  forEach(visit: (value: T) => void): void {
    this.#map.forEach(visit);
  }
}

/** To be called while the session is new. Answers false, and leaves it as it is, where Node has changed inside. */
export function keepStreamsCollectable(session: ServerHttp2Session): boolean {
  const state = stateOf(session);
  if (state === undefined) return false;
  const streams = new FleetingMap<number, ServerHttp2Stream>();
  state.streams.forEach((stream, id) => {
    streams.set(id, stream);
  });
  const pendingStreams = new FleetingSet<ServerHttp2Stream>();
  state.pendingStreams.forEach((stream) => {
    pendingStreams.add(stream);
  });
  state.streams = streams;
  state.pendingStreams = pendingStreams;
  return true;
}

function stateOf(session: ServerHttp2Session): SessionState | undefined {
  const inside = session as unknown as Readonly<Record<symbol, Partial<SessionState> | undefined>>;
  const symbol = nodeSymbol(session, 'state');
  const state = symbol === undefined ? undefined : inside[symbol];
  const isAsUsed = Object.entries(USED).every(([name, methods]) => {
    const kept = state?.[name as keyof SessionState] as Readonly<Record<string, unknown>> | undefined;
    return methods.every((method) => typeof kept?.[method] === 'function');
  });
  return isAsUsed ? (state as SessionState) : undefined;
}

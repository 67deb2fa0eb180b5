/**
 * The streams that Node keeps of an HTTP/2 connection: in a Map, which keeps
 * those that have ended from being collected soon (fleeting-map.ts).
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { FleetingMap } from './fleeting-map.ts';

/** What Node's session has inside. */
interface SessionState {
  streams: Pick<FleetingMap<number, ServerHttp2Stream>, 'get' | 'set' | 'delete' | 'size' | 'forEach'>;
}

/** To be called while the session is new. Answers false, and leaves it as it is, where Node has changed inside. */
export function keepStreamsCollectable(session: ServerHttp2Session): boolean {
  const state = stateOf(session);
  if (state === undefined) return false;
  const streams = new FleetingMap<number, ServerHttp2Stream>();
  state.streams.forEach((stream, id) => {
    streams.set(id, stream);
  });
  state.streams = streams;
  return true;
}

function stateOf(session: ServerHttp2Session): SessionState | undefined {
  const inside = session as unknown as Readonly<Record<symbol, Partial<SessionState> | undefined>>;
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  const state = symbol === undefined ? undefined : inside[symbol];
  const isMap = ['get', 'set', 'delete', 'forEach'].every(
    (method) =>
      typeof (state?.streams as Readonly<Record<string, unknown>> | undefined)?.[method] === 'function',
  );
  return isMap ? (state as SessionState) : undefined;
}

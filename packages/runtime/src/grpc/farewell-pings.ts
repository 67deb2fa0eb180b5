/**
 * Sessions whose peer has said goodbye with calls still running. Node does not
 * ping over such a session, which grpc-js takes for a dead peer: it would end
 * the session, and the answers of those calls with it.
 */
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type SessionHandler = (server: Http2Server) => (session: ServerHttp2Session) => void;
type PingCallback = (error: Error | null, durationMs: number, payload: Buffer) => void;

/** What a session that was said goodbye to may take: then it ends by the next ping, as a peer that is gone may never end it. */
const FAREWELL_MS = 40_000;
const NO_PAYLOAD = Buffer.alloc(8);

/** To be called before the server is given anything to serve. Throws when grpc-js has changed inside. */
export function spareFarewells(server: Server, monotonicMs: () => number): void {
  const inside = server as unknown as { _sessionHandler?: SessionHandler };
  const handle = inside._sessionHandler;
  if (typeof handle !== 'function') throw new Error('grpc-js no longer has a session handler to guard');
  inside._sessionHandler = (http2Server) => {
    const onSession = handle.call(server, http2Server);
    return (session) => {
      sparePings(session, monotonicMs);
      onSession.call(http2Server, session);
    };
  };
}

function sparePings(session: ServerHttp2Session, monotonicMs: () => number): void {
  const ping = session.ping.bind(session) as (callback: PingCallback) => boolean;
  let farewellMs: number | undefined;
  session.ping = ((callback: PingCallback) => {
    if (!session.closed) return ping(callback);
    farewellMs ??= monotonicMs();
    if (monotonicMs() - farewellMs > FAREWELL_MS) return false;
    setImmediate(callback, null, 0, NO_PAYLOAD);
    return true;
  }) as typeof session.ping;
}

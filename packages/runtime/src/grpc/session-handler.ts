/** Where grpc-js hears of a new connection, before it has made anything of it. */
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type SessionHandler = (server: Http2Server) => (session: ServerHttp2Session) => void;

/**
 * Puts `prepare` before what the server does with a connection. To be called before the server is given anything to
 * serve. Throws when grpc-js has changed inside.
 */
export function beforeSessions(server: Server, prepare: (session: ServerHttp2Session) => void): void {
  const inside = server as unknown as { _sessionHandler?: SessionHandler };
  const handle = inside._sessionHandler;
  if (typeof handle !== 'function') throw new Error('grpc-js no longer has a session handler to come before');
  inside._sessionHandler = (http2Server) => {
    const onSession = handle.call(server, http2Server);
    return (session) => {
      prepare(session);
      onSession.call(http2Server, session);
    };
  };
}

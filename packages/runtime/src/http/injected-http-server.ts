/**
 * An HTTP/1.1 server that never listens: the front door hands it connections
 * with emit('connection', socket). Slow requests are cut all the same.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { TLSSocket } from 'node:tls';
import { HEARD, heard, type RefusalWords, refuseUnheard } from './heard-requests.ts';

export interface HttpTimeouts {
  /** Headers must have arrived by then, in milliseconds. */
  readonly headersMs: number;
  /** The whole request must have arrived by then. */
  readonly requestMs: number;
  /** How often Node looks for requests that are late. */
  readonly checkMs: number;
  /** A connection on which nothing moves for so long is closed. Absent: as Node does between requests, never within one. */
  readonly idleMs?: number;
}

export const HTTP_TIMEOUTS: HttpTimeouts = { headersMs: 10_000, requestMs: 30_000, checkMs: 5_000 };

export function injectedHttpServer(
  listener: RequestListener,
  words: RefusalWords,
  timeouts: HttpTimeouts = HTTP_TIMEOUTS,
): Server {
  const server = createServer(
    {
      ...HEARD,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkMs,
    },
    heard(listener, words),
  );
  refuseUnheard(server, words);
  if (timeouts.idleMs !== undefined) {
    server.keepAliveTimeout = timeouts.idleMs;
    server.timeout = timeouts.idleMs;
  }
  // Node's parser takes bytes past JavaScript, until somebody else listens to them. Within TLS it would be given what is
  // decrypted already although it was told to pause, and fail: who asks again while a long answer leaves would be cut off.
  server.on('connection', (socket) => {
    if (socket instanceof TLSSocket) socket.on('data', () => undefined);
  });
  // Node starts to enforce the timeouts when a server listens, and this one never does.
  server.emit('listening');
  return server;
}

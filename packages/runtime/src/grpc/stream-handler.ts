/** Where grpc-js hears of a new stream, before it has made anything of it. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** What grpc-js listens with for new streams, once it serves. */
type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * Puts `around` before what the server does with a stream; the last one put comes first. To be called before the server
 * is given anything to serve. Throws when grpc-js has changed inside.
 */
export function aroundStreams(
  server: Server,
  around: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, handle: () => void) => void,
): void {
  const inside = server as unknown as { _streamHandler?: StreamHandler };
  const handler = inside._streamHandler;
  if (typeof handler !== 'function') throw new Error('grpc-js no longer has a stream handler to come before');
  inside._streamHandler = (interceptors, stream, headers) =>
    around(stream, headers, () => handler.call(server, interceptors, stream, headers));
}

/**
 * Calls that were reset before they were looked at. grpc-js refuses a call that
 * is not gRPC, or of a method that is not served, on a stream that may be gone
 * already; Node throws there, and nobody catches it. The front door makes that
 * certain: it hands over a first packet whole, and all of it is read before the
 * first call is. HEADERS and RST_STREAM in one packet would end the process.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';

/** What grpc-js listens with for new streams, once it serves. */
type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** To be called before the server is given anything to serve. Throws when grpc-js has changed inside. */
export function passOverLeftCalls(server: Server, logger: Logger): void {
  const inside = server as unknown as { _streamHandler?: StreamHandler };
  const handle = inside._streamHandler;
  if (typeof handle !== 'function') throw new Error('grpc-js no longer has a stream handler to guard');
  inside._streamHandler = (interceptors, stream, headers) => {
    if (stream.destroyed || stream.closed) {
      // Its error says that its connection has ended.
      stream.on('error', () => undefined);
      return;
    }
    try {
      handle.call(server, interceptors, stream, headers);
    } catch (err) {
      logger.error({ err }, 'a call could not be taken');
      stream.destroy();
    }
  };
}

/**
 * Calls that were reset before they were looked at. grpc-js refuses a call that
 * is not gRPC, or of a method that is not served, on a stream that may be gone
 * already; Node throws there, and nobody catches it. The front door makes that
 * certain: it hands over a first packet whole, and all of it is read before the
 * first call is. HEADERS and RST_STREAM in one packet would end the process.
 */
import type { Server } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';
import { aroundStreams } from './stream-handler.ts';

/** To be called before the server is given anything to serve. Throws when grpc-js has changed inside. */
export function passOverLeftCalls(server: Server, logger: Logger): void {
  aroundStreams(server, (stream, _headers, handle) => {
    if (stream.destroyed || stream.closed) {
      // Its error says that its connection has ended.
      stream.on('error', () => undefined);
      return;
    }
    try {
      handle();
    } catch (err) {
      logger.error({ err }, 'a call could not be taken');
      stream.destroy();
    }
  });
}

/**
 * Refuses calls before grpc-js has made anything of them. A refusal that costs
 * as much as an answer is no relief: here it is one frame of headers, and the
 * same few texts again and again.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { type FlagstreamError, toServiceError } from '@flagstream/protocol';
import type { Server } from '@grpc/grpc-js';
import { aroundStreams } from './stream-handler.ts';

/**
 * Asks `refusal` about each call that arrives; the same refusal, given again, is made into an answer once. To be called
 * before the server is given anything to serve. Throws when grpc-js has changed inside.
 */
export function shedCalls(
  server: Server,
  refusal: (path: string, headers: IncomingHttpHeaders) => FlagstreamError | undefined,
): void {
  const answers = new WeakMap<FlagstreamError, OutgoingHttpHeaders>();
  aroundStreams(server, (stream, headers, handle) => {
    const error = refusal(headers[':path'] ?? '', headers);
    if (error === undefined) {
      handle();
      return;
    }
    // Its peer may be gone; the answer is nobody's then.
    stream.on('error', () => undefined);
    const answer = answers.get(error) ?? trailersOnly(error);
    answers.set(error, answer);
    stream.respond(answer, { endStream: true });
    // What comes of its body is let go of; to end the stream from here would be as much work again.
    stream.resume();
  });
}

function trailersOnly(error: FlagstreamError): OutgoingHttpHeaders {
  const { code, details, metadata } = toServiceError(error);
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': code,
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}

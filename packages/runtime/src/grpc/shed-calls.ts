/**
 * Refuses calls before grpc-js has made anything of them. A refusal that costs
 * as much as an answer is no relief: here it is one frame of headers, and the
 * same few texts again and again.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type FlagstreamError, toServiceError } from '@flagstream/protocol';
import type { Server } from '@grpc/grpc-js';

/** What grpc-js listens with for new streams, once it serves. */
type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Refusals that are kept: one for each retry delay. */
const KEPT_MAX = 100;

/**
 * Asks `refusal` about each call that arrives. To be called before the server is given anything to serve.
 * Throws when grpc-js has changed inside.
 */
export function shedCalls(
  server: Server,
  refusal: (path: string, headers: IncomingHttpHeaders) => FlagstreamError | undefined,
): void {
  const inside = server as unknown as { _streamHandler?: StreamHandler };
  const handle = inside._streamHandler;
  if (typeof handle !== 'function') throw new Error('grpc-js no longer has a stream handler to ask first');
  const kept = new Map<string, OutgoingHttpHeaders>();
  inside._streamHandler = (interceptors, stream, headers) => {
    const error = refusal(headers[':path'] ?? '', headers);
    if (error === undefined) {
      handle.call(server, interceptors, stream, headers);
      return;
    }
    // Its peer may be gone; the answer is nobody's then.
    stream.on('error', () => undefined);
    const key = `${error.reason} ${error.retryAfterMs}`;
    const answer = kept.get(key) ?? trailersOnly(error);
    if (kept.size < KEPT_MAX) kept.set(key, answer);
    stream.respond(answer, { endStream: true });
    // What comes of its body is let go of; to end the stream from here would be as much work again.
    stream.resume();
  };
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

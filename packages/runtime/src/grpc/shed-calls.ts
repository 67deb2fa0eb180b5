/**
 * Refuses calls before grpc-js has made anything of them. A refusal that costs
 * as much as an answer is no relief: here it is one frame of headers, and the
 * same few texts again and again.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Session, ServerOptions } from 'node:http2';
import { type FlagstreamError, toServiceError } from '@flagstream/protocol';
import type { Server } from '@grpc/grpc-js';
import type { ConnectionRounds } from './connection-rounds.ts';
import { aroundStreams } from './stream-handler.ts';
import type { StreamRoom } from './stream-room.ts';
import { unpaddedHeaders } from './unpadded-metadata.ts';

/**
 * Streams in a row for which a connection has no room, and frames of such streams, before Node closes it with all that
 * is on its way. Its client sent them in good faith, before it heard that it has less room.
 */
const NO_ROOM_MAX = 1_000_000;

/** What the types of Node leave out. */
type SessionOptions = ServerOptions & {
  maxSessionRejectedStreams?: number;
  maxSessionInvalidFrames?: number;
};

export interface SheddingParts {
  /** Of the others each is let in. */
  readonly canRefuse: (path: string) => boolean;
  readonly refusal: (headers: IncomingHttpHeaders) => FlagstreamError | undefined;
  readonly room: StreamRoom;
  readonly rounds: ConnectionRounds<ServerHttp2Session>;
}

/**
 * Asks `refusal` about each call that arrives; the same refusal, given again, is made into an answer once. To be called
 * before the server is given anything to serve. Throws when grpc-js has changed inside.
 */
export function shedCalls(server: Server, { canRefuse, refusal, room, rounds }: SheddingParts): void {
  const inside = server as unknown as { commonServerOptions?: SessionOptions };
  if (typeof inside.commonServerOptions !== 'object')
    throw new Error('grpc-js no longer keeps the options of its sessions');
  Object.assign<SessionOptions, SessionOptions>(inside.commonServerOptions, {
    maxSessionRejectedStreams: NO_ROOM_MAX,
    maxSessionInvalidFrames: NO_ROOM_MAX,
  });
  const answers = new WeakMap<FlagstreamError, OutgoingHttpHeaders>();
  aroundStreams(server, (stream, headers, handle) => {
    const session = stream.session as ServerHttp2Session | undefined;
    if (!canRefuse(headers[':path'] ?? '')) {
      handle();
      if (session === undefined || stream.destroyed) return;
      room.began(session);
      stream.once('close', () => room.ended(session));
      return;
    }
    if (session !== undefined && rounds.calls(session)) session.once('close', () => rounds.closed(session));
    const error = refusal(headers);
    if (error === undefined) {
      handle();
      return;
    }
    // Its peer may be gone; the answer is nobody's then.
    stream.on('error', () => undefined);
    let answer = answers.get(error);
    if (answer === undefined) {
      answer = trailersOnly(error);
      answers.set(error, answer);
    }
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
    ...unpaddedHeaders(metadata.toHttp2Headers()),
  };
}

/**
 * Calls over HTTP/2 that are not gRPC: browsers speak it within TLS, and other clients with prior knowledge. grpc-js would
 * answer them in its own protocol.
 */
import {
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { aroundStreams } from '../grpc/stream-handler.ts';

/** To be called before the server is given anything to serve, and after whatever else looks at its streams. */
export function pickHttpCalls(
  server: Server,
  handle: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): void {
  aroundStreams(server, (stream, headers, asGrpc) => {
    if (isGrpc(headers)) asGrpc();
    else {
      withoutTrailers(stream);
      handle(new Http2ServerRequest(stream, headers, {}, rawOf(headers)), new Http2ServerResponse(stream));
    }
  });
}

/**
 * Answers here have none, and Node would end each a turn later than its last bytes, to wait for some. A caller that gives
 * up the rest of its request in between, as its answer is an error, breaks the stream before its end, and sees just that.
 */
function withoutTrailers(stream: ServerHttp2Stream): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers, options) => respond(headers, { ...options, waitForTrailers: false });
}

/** grpc-js itself would take any verb, and any message for protobuf. */
const GRPC_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/i;

function isGrpc(headers: IncomingHttpHeaders): boolean {
  if (headers[':method'] !== 'POST') return false;
  const type = headers['content-type'];
  // Without one grpc-js tells callers what it takes.
  return type === undefined || type === 'application/grpc' || GRPC_TYPE.test(type);
}

function rawOf(headers: IncomingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
}

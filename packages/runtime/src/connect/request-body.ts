/**
 * The body of a request, bounded and counted before the library decodes anything of it: gRPC's own path does the same
 * over the bytes of its one message.
 */
import { PassThrough } from 'node:stream';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  pipe,
  readAllBytes,
  transformDecompressEnvelope,
  transformJoinEnvelopes,
  transformSplitEnvelope,
} from '@connectrpc/connect/protocol';
import { compressionGzip } from '@connectrpc/connect-node';
import type { ConnectCall, HttpRequest } from './connect-call.ts';

export type Bytes = AsyncIterable<Uint8Array>;

/** What a request's content type says of its body. */
export interface BodyForm {
  readonly json: boolean;
  readonly grpcWeb: boolean;
  /** In envelopes: a stream's, and all of gRPC-Web's. */
  readonly enveloped: boolean;
  /** The header that names how its messages are packed. */
  readonly encodingHeader: string;
}

const FORMS = /^application\/(connect\+|grpc-web\+)?(json|proto)$/;

/** Of a content type that the library serves. */
export function bodyForm(contentType: string | undefined): BodyForm | undefined {
  const name = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const form = FORMS.exec(name === 'application/grpc-web' ? 'application/grpc-web+proto' : name);
  if (form === null) return undefined;
  const [, protocol, format] = form;
  return {
    json: format === 'json',
    grpcWeb: protocol === 'grpc-web+',
    enveloped: protocol !== undefined,
    encodingHeader:
      protocol === undefined
        ? 'content-encoding'
        : protocol === 'connect+'
          ? 'connect-content-encoding'
          : 'grpc-encoding',
  };
}

export function isPlain(encoding: string | null): boolean {
  return encoding === null || encoding === '' || encoding === 'identity';
}

/** The body as it arrives; it fails once its call is refused, or when its peer leaves. */
export function arrivingBody(request: HttpRequest, call: ConnectCall, error: () => ConnectError): Bytes {
  const body = new PassThrough();
  // It is read below, or nobody wants it any more.
  body.on('error', () => undefined);
  call.onRefused(() => body.destroy(error()));
  request.once('close', () => {
    if (!request.complete) body.destroy(new ConnectError('the request ended early', Code.Canceled));
  });
  request.pipe(body);
  return body;
}

export interface BodyLimits {
  readonly bytesMax: number;
  /** @throws what the call is refused with */
  readonly check: (message: Uint8Array) => void;
}

/** The one message that is the whole body, unpacked. */
export async function wholeMessage(
  body: Bytes,
  encoding: string | null,
  { bytesMax, check }: BodyLimits,
): Promise<Uint8Array> {
  const packed = await readAllBytes(body, bytesMax);
  const message = isPlain(encoding) ? packed : await compressionGzip.decompress(packed, bytesMax);
  check(message);
  return message;
}

/** The same for the messages of a body in envelopes, which stay in theirs. */
export function countedEnvelopes(
  body: Bytes,
  encoding: string | null,
  { bytesMax, check }: BodyLimits,
): Bytes {
  return pipe(
    body,
    transformSplitEnvelope(bytesMax),
    transformDecompressEnvelope(isPlain(encoding) ? null : compressionGzip, bytesMax),
    async function* (envelopes) {
      for await (const envelope of envelopes) {
        check(envelope.data);
        yield envelope;
      }
    },
    transformJoinEnvelopes(),
  );
}

/** So that what reads it can fail with what went wrong. */
export async function* oneChunk(chunk: Promise<Uint8Array>): Bytes {
  yield await chunk;
}

/** The smallest body of a form: for calls that are answered without reading theirs. */
export function emptyBody({ json, enveloped }: BodyForm): Bytes {
  const message = Buffer.from(json ? '{}' : '');
  if (!enveloped) return oneChunk(Promise.resolve(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return oneChunk(Promise.resolve(Buffer.concat([head, message])));
}

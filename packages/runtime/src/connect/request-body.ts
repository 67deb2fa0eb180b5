/**
 * The body of a request: bounded, unpacked, and its messages taken out. The library sees empty ones, as what they are is
 * said where gRPC's are decoded.
 */
import { PassThrough } from 'node:stream';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  type Compression,
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
  readonly codingHeader: string;
  /** The header that names how those of the answer may be. */
  readonly acceptedHeader: string;
  /** Of an envelope that holds no message. */
  readonly endFlag: number;
}

const FORMS = /^application\/(connect\+|grpc-web\+)?(json|proto)$/;

/** Of a content type that the library serves. */
export function bodyForm(contentType: string | undefined): BodyForm | undefined {
  const name = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const form = FORMS.exec(name === 'application/grpc-web' ? 'application/grpc-web+proto' : name);
  if (form === null) return undefined;
  const protocol = (form[1] ?? '') as keyof typeof CODED;
  return {
    json: form[2] === 'json',
    grpcWeb: protocol === 'grpc-web+',
    enveloped: protocol !== '',
    ...CODED[protocol],
  };
}

/** By the beginning of a content type. */
const CODED = {
  '': { codingHeader: 'content-encoding', acceptedHeader: 'accept-encoding', endFlag: 0 },
  'connect+': {
    codingHeader: 'connect-content-encoding',
    acceptedHeader: 'connect-accept-encoding',
    endFlag: 2,
  },
  'grpc-web+': { codingHeader: 'grpc-encoding', acceptedHeader: 'grpc-accept-encoding', endFlag: 128 },
} as const;

/** What is no gzip, or ends early, is its sender's mistake; the library takes some of that for ours. */
const GZIP: Compression = {
  ...compressionGzip,
  decompress: async (packed, bytesMax) => {
    try {
      return await compressionGzip.decompress(packed, bytesMax);
    } catch (error) {
      if (ConnectError.from(error).code === Code.ResourceExhausted) throw error;
      throw new ConnectError('the message is not gzip, or ends early', Code.InvalidArgument);
    }
  },
};

/** How a body is packed, by its one name: HTTP has it in any case, and two for gzip. Undefined: it is as it is. */
export function contentCoding(named: string | null | undefined): string | undefined {
  const coding = (named ?? '').trim().toLowerCase();
  if (coding === '' || coding === 'identity') return undefined;
  return coding === 'x-gzip' ? 'gzip' : coding;
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

/** What becomes of the messages of a body. */
export interface MessageReader {
  readonly bytesMax: number;
  /**
   * Takes one, unpacked.
   * @throws what the call is refused with
   */
  readonly take: (message: Uint8Array) => void;
}

/** Takes the one message that is the whole body. */
export async function takeWhole(
  body: Bytes,
  coding: string | undefined,
  { bytesMax, take }: MessageReader,
): Promise<void> {
  const packed = await readAllBytes(body, bytesMax);
  take(coding === undefined ? packed : await GZIP.decompress(packed, bytesMax));
}

/** Takes the messages of a body in envelopes, and leaves the envelopes with empty ones. */
export function takeEnvelopes(
  body: Bytes,
  coding: string | undefined,
  { bytesMax, take }: MessageReader,
  form: BodyForm,
): Bytes {
  return pipe(
    body,
    transformSplitEnvelope(bytesMax),
    transformDecompressEnvelope(coding === undefined ? null : GZIP, bytesMax),
    async function* (envelopes) {
      for await (const { flags, data } of envelopes) {
        if ((flags & form.endFlag) === 0) take(data);
        yield { flags, data: emptyMessage(form) };
      }
    },
    transformJoinEnvelopes(),
  );
}

/** Nothing is done for it before somebody reads, who then hears what went wrong. */
export async function* oneChunk(chunk: () => Uint8Array | Promise<Uint8Array>): Bytes {
  yield await chunk();
}

/** The smallest body of a form: for calls that are answered without reading theirs. */
export function emptyBody(form: BodyForm): Bytes {
  const message = emptyMessage(form);
  if (!form.enveloped) return oneChunk(() => message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return oneChunk(() => Buffer.concat([head, message]));
}

export function emptyMessage({ json }: BodyForm): Uint8Array {
  return Buffer.from(json ? '{}' : '');
}

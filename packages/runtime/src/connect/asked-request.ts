/**
 * A request that fits its method, and how its message comes out of it: the same bytes as over gRPC, which its handler
 * decodes, whatever it was sent as.
 */
import type { FileRegistry } from '@bufbuild/protobuf';
import { invalidField } from '@flagstream/protocol';
import type { ConnectCall, HttpRequest, HttpResponse } from './connect-call.ts';
import { connectError } from './connect-error.ts';
import { type ConnectMethod, jsonOptions } from './connect-methods.ts';
import { jsonMessage } from './json-message.ts';
import { checkJsonValues } from './json-values.ts';
import {
  arrivingBody,
  type BodyForm,
  type Bytes,
  contentCoding,
  emptyMessage,
  type MessageReader,
  oneChunk,
} from './request-body.ts';
import type { UrlRequest } from './request-of-url.ts';

const UTF_8 = new TextDecoder();

/** With its call, refused or let in. */
export interface AskedRequest {
  readonly method: ConnectMethod;
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly call: ConnectCall;
  /** As server-sent events. */
  readonly events: boolean;
  readonly form: BodyForm;
  /** What a GET has in place of a body. */
  readonly url: UrlRequest | undefined;
  readonly registry: FileRegistry;
  /** Values in one message of JSON. */
  readonly jsonValuesMax: number;
}

/** How its messages are packed; undefined: they are as they are. */
export function codingOf({ request, form, url }: AskedRequest): string | undefined {
  return contentCoding(url === undefined ? request.headers[form.codingHeader]?.toString() : url.coding);
}

/** What it sent, as it arrives. Whoever reads it hears why it will not do. */
export function bodyOf(asked: AskedRequest): Bytes {
  const { request, call, form, url, events, registry } = asked;
  const refusal = versionRefusal(asked);
  if (refusal !== undefined) return failing(connectError(refusal, registry));
  if (url === undefined) return arrivingBody(request, call, () => connectError(call.refusal, registry));
  const { message } = url;
  if (message !== undefined) return oneChunk(() => message);
  // Server-sent events are ours: who asks for a stream of everything has nothing to say.
  if (events) return oneChunk(() => emptyMessage(form));
  return failing(connectError(invalidField('message', 'the address has no such parameter'), registry));
}

/** Keeps the message for its handler. */
export function readerOf({ method, call, form, registry, jsonValuesMax }: AskedRequest): MessageReader {
  const read = form.json
    ? (text: Uint8Array): Uint8Array => {
        checkJsonValues(text, jsonValuesMax);
        return jsonMessage(method.desc.input, UTF_8.decode(text), jsonOptions(registry));
      }
    : (bytes: Uint8Array): Uint8Array => bytes;
  return {
    bytesMax: call.bytesMax,
    take: (message) => {
      try {
        call.message = read(message);
      } catch (error) {
        throw connectError(error, registry);
      }
    },
  };
}

function versionRefusal({ request, form, url }: AskedRequest): Error | undefined {
  const header = request.headers['connect-protocol-version'] ?? '1';
  if (!form.grpcWeb && header !== '1')
    return invalidField('connect-protocol-version', 'must be 1: this server speaks no other version');
  if ((url?.version ?? 'v1') !== 'v1')
    return invalidField('connect', 'must be v1: this server speaks no other version');
  return undefined;
}

function failing(error: Error): Bytes {
  return oneChunk(() => Promise.reject(error));
}

// The runner's service: each call says what it wants to be answered with. What comes out of it was carried by our
// dispatcher and our Connect door, so a failing case is theirs.

import { setTimeout as delay } from 'node:timers/promises';
import {
  type DescMethod,
  type FileRegistry,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { fail } from '@flagstream/protocol';
import { Status } from '@flagstream/protocol/gen/google/rpc/status';
import {
  bidi,
  type CallContext,
  endWithError,
  ForeignStatus,
  type Handler,
  type ServiceBinding,
  serverStream,
  unary,
} from '@flagstream/runtime';
import { Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { definitionOf } from '../../../packages/runtime/src/connect/described-method.fixture.ts';

interface Header {
  readonly name: string;
  readonly value?: readonly string[];
}

interface WantedError {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly JsonObject[];
}

interface WantedAnswer {
  readonly responseHeaders?: readonly Header[];
  readonly responseTrailers?: readonly Header[];
  readonly responseDelayMs?: number;
  readonly error?: WantedError;
}

const SERVICE = 'connectrpc.conformance.v1.ConformanceService';
const CODES = [
  'OK',
  'CANCELED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

export function conformanceService(registry: FileRegistry): ServiceBinding {
  const service = registry.getService(SERVICE);
  if (service === undefined) throw new Error('the runner has no service of this name');
  // The host serves no method of this kind, nor has a service of ours one.
  const methods = service.methods.filter(({ methodKind }) => methodKind !== 'client_streaming');
  return {
    definition: Object.fromEntries(
      methods.map((desc) => [desc.localName, definitionOf(desc)]),
    ) as ServiceDefinition,
    policy: Object.fromEntries(
      methods.map(({ localName, idempotency }) => [localName, idempotency === 1 ? 'evaluate' : 'write']),
    ),
    handlers: Object.fromEntries(
      methods.map((desc) => [desc.localName, new Answers(desc, registry).handler()]),
    ),
  };
}

class Answers {
  readonly #method: DescMethod;
  readonly #registry: FileRegistry;

  constructor(method: DescMethod, registry: FileRegistry) {
    this.#method = method;
    this.#registry = registry;
  }

  handler(): Handler {
    if (this.#method.name === 'Unimplemented')
      return unary(() => {
        // Bare: the runner counts details.
        throw new ForeignStatus(status.UNIMPLEMENTED, 'nothing is served here');
      });
    if (this.#method.methodKind === 'unary')
      return unary((request, context) => this.#unary(request as Message, context));
    if (this.#method.methodKind === 'server_streaming') return this.#stream();
    return bidi((stream) => endWithError(stream, fail('UNIMPLEMENTED', 'not both ways')));
  }

  async #unary(request: Message, context: CallContext): Promise<Message> {
    const wanted = this.#wanted(request) as WantedAnswer & { readonly responseData?: string };
    await delay(wanted.responseDelayMs ?? 0);
    if (wanted.error !== undefined) throw this.#error(wanted, request, context);
    return this.#answer(wanted.responseData, this.#info(request, context));
  }

  #stream(): Handler {
    return serverStream<Message, Message>(async (request, stream, context) => {
      const wanted = this.#wanted(request) as WantedAnswer & { readonly responseData?: readonly string[] };
      const headers = new Metadata();
      add(headers, wanted.responseHeaders);
      stream.sendMetadata(headers);
      let info: JsonObject | undefined = this.#info(request, context);
      for (const data of wanted.responseData ?? []) {
        await delay(wanted.responseDelayMs ?? 0);
        if (stream.cancelled) return;
        stream.write(this.#answer(data, info));
        info = undefined;
      }
      if (wanted.error !== undefined)
        throw this.#error(wanted, request, info === undefined ? undefined : context);
      const trailers = new Metadata();
      add(trailers, wanted.responseTrailers);
      stream.end(trailers);
    });
  }

  #wanted(request: Message): WantedAnswer {
    const json = toJson(this.#method.input, request, { registry: this.#registry }) as JsonObject;
    return (json['responseDefinition'] ?? {}) as unknown as WantedAnswer;
  }

  #answer(data: string | undefined, requestInfo: JsonObject | undefined): Message {
    const payload = {
      ...(data === undefined ? {} : { data }),
      ...(requestInfo === undefined ? {} : { requestInfo }),
    };
    return fromJson(this.#method.output, { payload }, { registry: this.#registry });
  }

  /** What came with the request. */
  #info(request: Message, { metadata, deadlineMs }: CallContext): JsonObject {
    const requestHeaders = Object.keys(metadata.getMap()).map((name) => ({
      name,
      value: metadata
        .get(name)
        .map((value) => (typeof value === 'string' ? value : value.toString('base64').replace(/=+$/, ''))),
    }));
    const any: JsonObject = {
      '@type': `type.googleapis.com/${this.#method.input.typeName}`,
      ...(toJson(this.#method.input, request, { registry: this.#registry }) as JsonObject),
    };
    return {
      requestHeaders,
      ...(deadlineMs === undefined ? {} : { timeoutMs: String(deadlineMs - Date.now()) }),
      requests: [any],
    };
  }

  /** With what came with the request, where nothing was answered before. */
  #error(
    { error, responseTrailers }: WantedAnswer,
    request: Message,
    context: CallContext | undefined,
  ): Error {
    const { code, message = '', details = [] } = error!;
    const info =
      context === undefined
        ? []
        : [
            {
              '@type': 'type.googleapis.com/connectrpc.conformance.v1.ConformancePayload.RequestInfo',
              ...this.#info(request, context),
            },
          ];
    const number = CODES.indexOf(code.replace('CODE_', ''));
    const metadata = new Metadata();
    add(metadata, responseTrailers);
    const encoded = [...details, ...info].map((detail) => this.#detail(detail));
    if (encoded.length > 0)
      metadata.set(
        'grpc-status-details-bin',
        Buffer.from(Status.encode({ code: number, message, details: encoded }).finish()),
      );
    return new ForeignStatus(number, message, metadata);
  }

  #detail(detail: JsonObject): { typeUrl: string; value: Uint8Array } {
    const { '@type': typeUrl, ...json } = detail as { '@type': string } & Record<string, JsonValue>;
    const desc = this.#registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
    if (desc === undefined) throw new Error(`nobody knows ${typeUrl}`);
    const options = { registry: this.#registry };
    // Those with a JSON form of their own stand in a field of this name.
    const own = desc.file.name.startsWith('google/protobuf/') && 'value' in json ? json['value']! : json;
    return { typeUrl, value: toBinary(desc, fromJson(desc, own, options)) };
  }
}

function add(metadata: Metadata, headers: readonly Header[] = []): void {
  for (const { name, value = [] } of headers)
    for (const each of value) metadata.add(name, name.endsWith('-bin') ? Buffer.from(each, 'base64') : each);
}

/**
 * HTTP requests to the host's methods: the Connect protocol and gRPC-Web by their library, server-sent events by ours. A
 * call passes the same gate as over gRPC, before anything of its body is read, and what comes of the body is bounded and
 * counted before it is decoded.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createContextValues } from '@connectrpc/connect';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { type FlagstreamError, LIMITS } from '@flagstream/protocol';
import { status } from '@grpc/grpc-js';
import { callStatus } from '../grpc/call-status.ts';
import type { Dispatcher } from '../grpc/dispatcher.ts';
import { FIELDS_PER_MESSAGE } from '../grpc/request-messages.ts';
import { answerJson } from '../http/json-answer.ts';
import type { Logger } from '../log/logger.ts';
import { type AskedRequest, bodyOf, codingOf, readerOf } from './asked-request.ts';
import { CALL, ConnectCall, type HttpRequest, type HttpResponse } from './connect-call.ts';
import { type ConnectMethod, connectMethods, type ServedMethod } from './connect-methods.ts';
import { CrossOrigin } from './cross-origin.ts';
import { answerEvents, wantsEvents } from './event-stream.ts';
import {
  type BodyForm,
  bodyForm,
  emptyBody,
  emptyMessage,
  oneChunk,
  takeEnvelopes,
  takeWhole,
} from './request-body.ts';
import { readableByUrl, requestOfUrl } from './request-of-url.ts';
import { grpcTimeout, isEndless, TIMEOUT_HEADERS } from './timeouts.ts';

export interface ConnectDoorOptions {
  readonly methods: readonly ServedMethod[];
  readonly descriptorSet: () => Uint8Array;
  readonly dispatcher: Dispatcher;
  readonly requestMessagesMax: number;
  readonly requestBytesMax: number;
  /** Longest time that the reader of a stream takes nothing. */
  readonly streamStallMs: number;
  /** Why a unary call that is read now is refused, if it is; by its deadline as gRPC writes it. */
  readonly lateness: (timeout: string | undefined) => FlagstreamError | undefined;
  /** Pages of these may call. */
  readonly corsOrigins: readonly string[];
  readonly logger: Logger;
  /** Answers what names no method. */
  readonly other: (request: HttpRequest, response: HttpResponse) => void;
}

/** The rest of a body so long is read and let go of, to keep its connection for the next request. */
const LET_GO_BYTES_MAX = 65_536;

export class ConnectDoor {
  readonly #options: ConnectDoorOptions;
  readonly #origins: CrossOrigin;
  readonly #paths: ReadonlySet<string>;
  readonly #open = new Map<Socket, number>();
  #registry: FileRegistry | undefined;
  #methods: ReadonlyMap<string, ConnectMethod> | undefined;
  #answering = 0;
  #draining = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: ConnectDoorOptions) {
    this.#options = options;
    this.#origins = new CrossOrigin(options.corsOrigins);
    this.#paths = new Set(options.methods.map(({ bound }) => bound.path));
  }

  /** From now on connections end with their answer. */
  drain(): void {
    this.#draining = true;
  }

  /** Resolves when no request is being answered. */
  idle(): Promise<void> {
    if (this.#answering === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Takes a request of HTTP/1.1 or HTTP/2. */
  readonly handle = (request: HttpRequest, response: HttpResponse): void => {
    if (!this.#begin(request, response)) return;
    // Their peers may leave at any time; the response's close tells of it.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    this.#route(request, response).catch((err: unknown) => {
      this.#options.logger.error(
        { err, path: pathOf(request) },
        'a request failed with an error nobody foresaw',
      );
      response.destroy();
    });
  };

  /** False: its connection sends more than it reads, and is cut. */
  #begin(request: HttpRequest, response: HttpResponse): boolean {
    const { socket, httpVersionMajor } = request;
    if (httpVersionMajor < 2) {
      const open = (this.#open.get(socket) ?? 0) + 1;
      if (open > LIMITS.httpPipelinedMax || socket.destroyed) {
        socket.destroy();
        return false;
      }
      this.#open.set(socket, open);
      response.once('close', () => {
        const left = (this.#open.get(socket) ?? 1) - 1;
        if (left === 0) this.#open.delete(socket);
        else this.#open.set(socket, left);
      });
      // The end of an answer waits for its reader as well, and nobody else looks at it by then.
      response.setTimeout(this.#options.streamStallMs, () => {
        if (response.writableLength > 0) response.destroy();
      });
      // What the answer did not wait for stands before the next request, and nobody else takes it.
      response.once('finish', () => {
        if (request.complete) return;
        request.unpipe();
        request.resume();
      });
    }
    this.#answering += 1;
    response.once('close', () => {
      this.#answering -= 1;
      if (this.#answering === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
    });
    return true;
  }

  async #route(request: HttpRequest, response: HttpResponse): Promise<void> {
    response.setHeader('cache-control', 'no-store');
    if (this.#draining) endConnection(response);
    const path = pathOf(request);
    if (!this.#paths.has(path)) {
      this.#options.other(request, response);
      return;
    }
    if (!URL.canParse(`http://${hostOf(request)}`)) {
      letGo(request, response);
      answer(request, response, 400, 'invalid_argument', 'the request names no host');
      return;
    }
    const refusal = this.#origins.refusal(request);
    if (refusal !== undefined) {
      letGo(request, response);
      answer(request, response, 403, 'permission_denied', refusal);
      return;
    }
    this.#origins.mark(request, response);
    if (this.#origins.preflight(request, response)) return;
    const method = this.#method(path);
    if (method === undefined) {
      letGo(request, response);
      answer(request, response, 404, 'unimplemented', `${path} is served over gRPC alone`);
      return;
    }
    const call = this.#asked(method, request, response);
    if (call === undefined) return;
    // Of what is not read, as it was refused.
    if (call.call.refusal !== undefined) letGo(request, response);
    if (call.events) await answerEvents(call);
    else await this.#call(call);
  }

  /** Undefined: it was answered, as nothing of this form can be asked of the method. */
  #asked(method: ConnectMethod, request: HttpRequest, response: HttpResponse): AskedRequest | undefined {
    const { path } = method.bound;
    const events = wantsEvents(method, request);
    const byUrl = events || readableByUrl(method.bound);
    const isGet = request.method === 'GET';
    if (isGet ? !byUrl : request.method !== 'POST') {
      letGo(request, response);
      response.setHeader('allow', byUrl ? 'GET, POST' : 'POST');
      answer(request, response, 405, 'unknown', `${path} is not called by ${request.method}`);
      return undefined;
    }
    const url = isGet ? requestOfUrl(request.url ?? '') : undefined;
    const form = bodyForm(url?.contentType ?? request.headers['content-type']);
    if (form === undefined || !fits(form, method, events)) {
      letGo(request, response);
      answer(request, response, 415, 'unknown', wantedTypes(path, method, events));
      return undefined;
    }
    const call = this.#admit(method, request, response);
    return {
      ...{ method, request, response, call, events, form, url },
      registry: this.#descriptors(),
      jsonValuesMax: this.#options.requestMessagesMax * FIELDS_PER_MESSAGE,
    };
  }

  async #call(parts: AskedRequest): Promise<void> {
    const { method, request, response, call } = parts;
    const asked = universalRequestFromNodeRequest(
      request,
      response as ServerResponse,
      undefined,
      createContextValues().set(CALL, call),
    );
    const answered = await method.handle({
      ...asked,
      // What streams both ways is refused in the words of its protocol, whatever carries it.
      httpVersion: '2.0',
      method: 'POST',
      ...content(parts, asked.header),
    });
    this.#count(call, answered);
    universalResponseToNodeResponse(answered, response).catch((err: unknown) => {
      this.#options.logger.debug({ err, 'rpc.method': call.path }, 'an answer did not reach its caller');
      response.destroy();
    });
  }

  #admit({ bound }: ConnectMethod, request: HttpRequest, response: HttpResponse): ConnectCall {
    const { dispatcher, lateness, requestBytesMax, streamStallMs } = this.#options;
    const call = new ConnectCall(bound.path, request, response, { bytesMax: requestBytesMax, streamStallMs });
    const late = dispatcher.canRefuse(bound.path) ? lateness(grpcTimeout(request.headers)) : undefined;
    if (late !== undefined) call.refuse(callStatus(late));
    else dispatcher.arrive(call);
    return call;
  }

  /** What the library refused before a handler ran, as its message is none of the method's. */
  #count(call: ConnectCall, answered: UniversalServerResponse): void {
    if (call.settled) return;
    call.settled = true;
    this.#options.dispatcher.unread(
      call,
      answered.status === 429 ? status.RESOURCE_EXHAUSTED : status.INVALID_ARGUMENT,
    );
  }

  #method(path: string): ConnectMethod | undefined {
    const { methods, requestBytesMax } = this.#options;
    this.#methods ??= connectMethods(methods, this.#descriptors(), requestBytesMax);
    return this.#methods.get(path);
  }

  /** Made with the first request: a start does not wait for it. */
  #descriptors(): FileRegistry {
    this.#registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, this.#options.descriptorSet()));
    return this.#registry;
  }
}

/** Headers and body as the library is to see them. */
function content(asked: AskedRequest, header: Headers): Pick<UniversalServerRequest, 'header' | 'body'> {
  const { request, call, form, url } = asked;
  if (isEndless(request.headers)) for (const name of TIMEOUT_HEADERS) header.delete(name);
  if (url !== undefined) header.set('content-type', url.contentType);
  header.delete('content-length');
  const accepted = header.get(form.acceptedHeader);
  if (accepted !== null) header.set(form.acceptedHeader, accepted.toLowerCase());
  header.delete(form.codingHeader);
  if (call.refusal !== undefined) return { header, body: emptyBody(form) };
  const body = bodyOf(asked);
  const coding = codingOf(asked);
  if (coding !== undefined && (form.enveloped || coding !== 'gzip')) header.set(form.codingHeader, coding);
  // The library refuses what nobody can unpack, and reads none of it.
  if (coding !== undefined && coding !== 'gzip') return { header, body };
  const reader = readerOf(asked);
  if (form.enveloped) return { header, body: takeEnvelopes(body, coding, reader, form) };
  return {
    header,
    body: oneChunk(async () => {
      await takeWhole(body, coding, reader);
      return emptyMessage(form);
    }),
  };
}

function pathOf({ url = '' }: HttpRequest): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function hostOf({ headers }: HttpRequest): string {
  return headers.host ?? headers[':authority']?.toString() ?? '';
}

function isStream({ bound }: ConnectMethod): boolean {
  return bound.kind !== 'unary';
}

function fits({ json, enveloped, grpcWeb }: BodyForm, method: ConnectMethod, events: boolean): boolean {
  if (events) return json && !enveloped;
  return grpcWeb || enveloped === isStream(method);
}

function wantedTypes(path: string, method: ConnectMethod, events: boolean): string {
  if (events)
    return `${path} answers text/event-stream to GET, or to POST with content-type application/json`;
  return isStream(method)
    ? `${path} is a stream: content-type application/connect+json, +proto or application/grpc-web, or accept: text/event-stream`
    : `${path} takes content-type application/json, application/proto or application/grpc-web`;
}

function answer(
  request: HttpRequest,
  response: HttpResponse,
  statusCode: number,
  code: string,
  message: string,
): void {
  answerJson(request as never, response as never, statusCode, { code, message });
}

/** Its connection ends with it: over HTTP/2 they are many calls'. */
function endConnection(response: HttpResponse): void {
  if (!('stream' in response)) response.shouldKeepAlive = false;
}

/** A body that is not read keeps its connection only where it is soon over. */
function letGo(request: HttpRequest, response: HttpResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (Number(length ?? 0) > LET_GO_BYTES_MAX) endConnection(response);
  request.resume();
  if (encoding === undefined) return;
  // In chunks it is as long as it is: a peer that still writes loses its answer when its connection ends.
  let left = LET_GO_BYTES_MAX;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left >= 0) return;
    if (response.writableFinished) request.destroy();
    else response.once('finish', () => request.destroy());
  });
}

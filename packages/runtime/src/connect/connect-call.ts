/**
 * One HTTP request as a call: to the gate while its headers are all there is, to its handler once its message is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { type ContextKey, createContextKey } from '@connectrpc/connect';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ArrivingCall } from '../grpc/call-gate.ts';
import type { AskedCall } from '../grpc/unary-call.ts';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export interface ConnectCallBounds {
  /** Of its message. */
  readonly bytesMax: number;
  /** Longest time that the reader of its stream takes nothing. */
  readonly streamStallMs: number;
}

export class ConnectCall implements ArrivingCall, AskedCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly peer: string;
  cancelled = false;
  /** As it was taken from the body. */
  message: Uint8Array | undefined;
  /** What its handler is given. */
  request: unknown;
  /** Unix ms. */
  deadlineMs: number = Number.POSITIVE_INFINITY;
  /** Of its message. */
  bytesMax: number;
  readonly streamStallMs: number;
  /** Its handler was run, or it was refused: it has been counted. */
  settled = false;
  readonly #response: HttpResponse;
  #refusal: ServiceError | undefined;
  #whenRefused: (refusal: ServiceError) => void = () => undefined;
  #listeners: (() => void)[] = [];

  constructor(
    path: string,
    request: HttpRequest,
    response: HttpResponse,
    { bytesMax, streamStallMs }: ConnectCallBounds,
  ) {
    this.path = path;
    this.metadata = Metadata.fromHttp2Headers(request.headers);
    const { remoteAddress, remotePort } = request.socket;
    this.peer = `${remoteAddress}:${remotePort}`;
    this.bytesMax = bytesMax;
    this.streamStallMs = streamStallMs;
    this.#response = response;
  }

  /** Why it was not let in, or its request was given up. */
  get refusal(): ServiceError | undefined {
    return this.#refusal;
  }

  get gone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  limitMessage(bytesMax: number): void {
    this.bytesMax = Math.min(this.bytesMax, bytesMax);
  }

  refuse(status: ServiceError): void {
    this.settled = true;
    this.#refusal = status;
    this.#whenRefused(status);
  }

  /** Called when it is refused while its message is still to come. */
  onRefused(listener: (refusal: ServiceError) => void): void {
    this.#whenRefused = listener;
  }

  reset(): void {
    if ('stream' in this.#response) this.#response.stream.close(constants.NGHTTP2_CANCEL);
    else this.#response.destroy();
  }

  getPeer(): string {
    return this.peer;
  }

  getDeadline(): number {
    return this.deadlineMs;
  }

  once(_event: 'cancelled', listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Cancelled, past its deadline, or answered. */
  over(): void {
    this.cancelled = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** The call that a request of the library belongs to. */
export const CALL: ContextKey<ConnectCall | undefined> = createContextKey<ConnectCall | undefined>(
  undefined,
  { description: 'our call' },
);

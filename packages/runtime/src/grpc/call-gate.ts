/**
 * Calls as they arrive, before anything of their body is read: whoever may not
 * come in has sent bytes that nobody kept. grpc-js asks interceptors at the
 * same moment, at the price of some ten objects for each call.
 */
import { constants } from 'node:http2';
import type { Metadata, Server, ServiceError } from '@grpc/grpc-js';
import { FramedMessages } from './framed-messages.ts';
import { type AnswerUnary, type InsideCall as InsideUnaryCall, serveUnary } from './unary-call.ts';

/** What is used of grpc-js's call. */
interface InsideCall extends InsideUnaryCall {
  readonly metadata: Metadata;
  /** Of what was unpacked. */
  maxReceiveMessageSize: number;
  /** Of what has come, which may be packed. */
  decoder: Pick<FramedMessages, 'maxReadMessageLength' | 'write'>;
}

interface InsideHandler {
  readonly path: string;
  readonly type: string;
  readonly func: unknown;
}

type RunHandler = (call: InsideCall, handler: InsideHandler) => boolean;

/** A call whose headers are there. */
export interface ArrivingCall {
  readonly path: string;
  /** The same object as the handler's call will have. */
  readonly metadata: Metadata;
  readonly peer: string;
  /** Nobody waits for its answer any more. */
  readonly gone: boolean;
  /** A longer message is refused, packed or not. */
  limitMessage(bytesMax: number): void;
  /** Answers with a status and lets go of the rest of the body. */
  refuse(status: ServiceError): void;
  /** Ends it without an answer, for a peer that takes none. */
  reset(): void;
}

class GrpcArrivingCall implements ArrivingCall {
  readonly path: string;
  readonly #inside: InsideCall;

  constructor(path: string, inside: InsideCall) {
    this.path = path;
    this.#inside = inside;
  }

  get metadata(): Metadata {
    return this.#inside.metadata;
  }

  get peer(): string {
    return this.#inside.getPeer();
  }

  get gone(): boolean {
    return this.#inside.stream.destroyed || this.#inside.stream.closed;
  }

  limitMessage(bytesMax: number): void {
    this.#inside.decoder.maxReadMessageLength = bytesMax;
    this.#inside.maxReceiveMessageSize = bytesMax;
  }

  refuse(status: ServiceError): void {
    this.#inside.sendStatus(status);
    this.#inside.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  reset(): void {
    this.#inside.stream.close(constants.NGHTTP2_CANCEL);
  }
}

/**
 * Asks `admit` about each call of a method that is served; false: it was refused. Unary calls that are let in are served
 * past grpc-js's own handling, and messages are read by our own reader. To be called before the server is given anything
 * to serve. Throws when grpc-js has changed inside.
 */
export function gateCalls(server: Server, admit: (call: ArrivingCall) => boolean): void {
  const inside = server as unknown as { _runHandlerForCall?: RunHandler };
  const run = inside._runHandlerForCall;
  if (typeof run !== 'function')
    throw new Error('grpc-js no longer runs calls where they can be asked about');
  inside._runHandlerForCall = (call, handler) => {
    call.decoder = new FramedMessages(call.decoder.maxReadMessageLength);
    if (!admit(new GrpcArrivingCall(handler.path, call))) return true;
    if (handler.type !== 'unary') return run.call(server, call, handler);
    serveUnary(call, handler.func as AnswerUnary);
    return true;
  };
}

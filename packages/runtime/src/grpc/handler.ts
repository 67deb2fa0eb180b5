/**
 * How services write their methods. A handler knows its request, its principal
 * and a signal; authentication, errors, metrics and logs belong to the host.
 */
import type { Metadata, ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';
import type { Principal } from './principal.ts';

export interface CallContext {
  readonly principal: Principal;
  /** Full path, for example `/flagstream.v1.AdminService/GetFlag`. */
  readonly method: string;
  readonly logger: Logger;
  /** Aborted when the call is over: cancelled, past its deadline, or answered. */
  readonly signal: AbortSignal;
  /** Unix ms, or undefined when the caller set none. */
  readonly deadlineMs: number | undefined;
  readonly metadata: Metadata;
  /**
   * Says, before the work is done, that this call is as much work as so many of its key.
   * @throws FlagstreamError OVERLOADED saying when to try again
   */
  costs(calls: number): void;
}

export interface UnaryHandler {
  readonly kind: 'unary';
  readonly invoke: (request: unknown, context: CallContext) => unknown;
}

export interface ServerStreamHandler {
  readonly kind: 'serverStream';
  readonly invoke: (
    request: unknown,
    stream: ServerWritableStream<unknown, unknown>,
    context: CallContext,
  ) => void | Promise<void>;
}

export interface BidiHandler {
  readonly kind: 'bidi';
  readonly invoke: (
    stream: ServerDuplexStream<unknown, unknown>,
    context: CallContext,
  ) => void | Promise<void>;
}

export type Handler = UnaryHandler | ServerStreamHandler | BidiHandler;

/** A method with one request and one answer. What it throws becomes the call's status. */
export function unary<I, O>(invoke: (request: I, context: CallContext) => O | Promise<O>): UnaryHandler {
  return { kind: 'unary', invoke: invoke as UnaryHandler['invoke'] };
}

/**
 * A method that answers with a stream. The handler owns the stream and ends it;
 * what it throws, now or later, ends it with that status.
 */
export function serverStream<I, O>(
  invoke: (request: I, stream: ServerWritableStream<I, O>, context: CallContext) => void | Promise<void>,
): ServerStreamHandler {
  return { kind: 'serverStream', invoke: invoke as unknown as ServerStreamHandler['invoke'] };
}

/**
 * A method with a stream in both directions. The handler owns the stream and ends it; what it throws, now or later,
 * ends it with that status.
 */
export function bidi<I, O>(
  invoke: (stream: ServerDuplexStream<I, O>, context: CallContext) => void | Promise<void>,
): BidiHandler {
  return { kind: 'bidi', invoke: invoke as unknown as BidiHandler['invoke'] };
}

/**
 * Between grpc-js and our handlers: authenticate -> policy -> body -> handler ->
 * status, with metrics and a debug line. Who may not come in is refused before
 * anything of the body is read; what was read is decoded when its handler runs.
 */
import { type FlagstreamError, fail, LIMITS } from '@flagstream/protocol';
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type Metadata,
  type MethodDefinition,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';
import { admitCaller } from './admit-caller.ts';
import { AwaitedRequests } from './awaited-requests.ts';
import type { ArrivingCall } from './call-gate.ts';
import type { CallMetrics, MethodCalls } from './call-metrics.ts';
import { codeName } from './call-metrics.ts';
import { callStatus, isDefect } from './call-status.ts';
import { endWithError, endWithoutMessage } from './end-stream.ts';
import type { BidiHandler, CallContext, ServerStreamHandler, UnaryHandler } from './handler.ts';
import type { KeyQuota } from './key-quota.ts';
import { OpenStreams, type ServerStream } from './open-streams.ts';
import type { Authenticate, Principal, Verb } from './principal.ts';
import type { RequestMessages } from './request-messages.ts';
import { type AnyCall, abandonedCode, ServerCall } from './server-call.ts';
import type { BoundMethod } from './service-binding.ts';
import type { AnswerUnary } from './unary-call.ts';
import { refuseUndecodable, Undecodable } from './undecodable.ts';
import { UndecodedRequest } from './undecoded-request.ts';

export interface DispatcherOptions {
  readonly authenticate: Authenticate;
  readonly metrics: CallMetrics;
  readonly logger: Logger;
  readonly quota: KeyQuota;
  readonly requestMessages: RequestMessages;
  /** Messages in one request. */
  readonly requestMessagesMax: number;
  readonly monotonicMs: () => number;
  /** A stream began of those that are named as peerStreams. */
  readonly onPeerStream: (peer: string) => void;
}

/** Who makes a call, and the call itself. */
interface Admission {
  readonly principal: Principal;
  readonly call: ArrivingCall;
  readonly arrivedMs: number;
}

const NOTHING_TAKEN = (): void => undefined;
/** Verbs whose requests name something at most, or hold one context. */
const REQUEST_BYTES: Partial<Readonly<Record<Verb, number>>> = {
  health: LIMITS.smallRequestBytesMax,
  inspect: LIMITS.smallRequestBytesMax,
  read: LIMITS.readRequestBytesMax,
  log: LIMITS.readRequestBytesMax,
};
/** Those who need no key share this account, for streams alone. */
const KEYLESS = 'keyless';

export class Dispatcher {
  readonly #streams: OpenStreams;
  readonly #methods = new Map<string, BoundMethod>();
  /** Of calls whose handler has not run yet. */
  readonly #admissions = new WeakMap<Metadata, Admission>();
  readonly #awaited: AwaitedRequests;
  readonly #options: DispatcherOptions;
  #unaryCalls = 0;
  #draining = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#awaited = new AwaitedRequests(options.monotonicMs);
    this.#streams = new OpenStreams(options.monotonicMs);
  }

  /** Streams that are open now. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** From now on new streams are refused; unary calls still run. */
  refuseStreams(): void {
    this.#draining = true;
  }

  /** Resolves when no call is running. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Ends every open stream, so that none can hold a shutdown. */
  endStreams(): void {
    this.#streams.endAll(draining);
  }

  /** As OpenStreams does. */
  endRefused(check: (principal: Principal) => FlagstreamError | undefined): number {
    return this.#streams.endRefused(check);
  }

  /** Gives up requests that do not arrive. To be called each second. */
  sweep(): void {
    this.#awaited.sweep();
  }

  /** Whether a call may be refused as there are too many: unary ones, but for those that ask whether all is well. */
  canRefuse(path: string): boolean {
    const bound = this.#methods.get(path);
    return bound?.kind === 'unary' && bound.verb !== 'health';
  }

  /** Of a call, before anything of its body is read. False: it was refused. */
  arrive(call: ArrivingCall): boolean {
    const bound = this.#methods.get(call.path);
    if (bound === undefined) return true;
    const startedMs = performance.now();
    const refuse = (error: unknown): void => {
      const calls = this.#options.metrics.method(bound);
      if (isDefect(error)) this.#logDefect(bound, error);
      const status = callStatus(error);
      calls.started += 1;
      this.#finish(bound, calls, status.code, startedMs);
      call.refuse(status);
    };
    try {
      const { authenticate, quota } = this.#options;
      const principal = admitCaller(authenticate(call.metadata, call.peer), bound.verb, {
        quota,
        method: bound.path,
      });
      this.#admissions.set(call.metadata, { principal, call, arrivedMs: startedMs });
      const bytesMax = REQUEST_BYTES[bound.verb];
      if (bytesMax !== undefined) call.limitMessage(bytesMax);
      if (bound.kind !== 'bidi') this.#awaited.add(call, principal.id, refuse);
      return true;
    } catch (error) {
      refuse(error);
      return false;
    }
  }

  /** Of a call that was let in, and whose message is none of its method's: it ends without its handler. */
  unread(call: ArrivingCall, code: status): void {
    const bound = this.#methods.get(call.path);
    const admission = this.#admissions.get(call.metadata);
    if (bound === undefined || admission === undefined) return;
    this.#admissions.delete(call.metadata);
    this.#awaited.arrived(call.metadata);
    const calls = this.#options.metrics.method(bound);
    calls.started += 1;
    this.#finish(bound, calls, code, admission.arrivedMs);
  }

  /** The method's definition with its messages counted. */
  definition(bound: BoundMethod): MethodDefinition<unknown, unknown> {
    const calls = this.#options.metrics.method(bound);
    const { definition } = bound;
    const { requestMessages, requestMessagesMax } = this.#options;
    const check = requestMessages.checkOf(bound.path, requestMessagesMax);
    const decode = (bytes: Buffer): unknown => {
      check(bytes);
      return definition.requestDeserialize(bytes);
    };
    this.#methods.set(bound.path, bound);
    return {
      ...definition,
      requestDeserialize: (bytes: Buffer): unknown => {
        calls.received += 1;
        if (bound.kind !== 'bidi') return new UndecodedRequest(bytes, decode);
        try {
          return decode(bytes);
        } catch (cause) {
          return new Undecodable(cause);
        }
      },
      responseSerialize: (message: unknown): Buffer => {
        calls.sent += 1;
        return definition.responseSerialize(message);
      },
    };
  }

  /** What grpc-js calls for the method. */
  implementation(bound: BoundMethod): UntypedHandleCall {
    const calls = this.#options.metrics.method(bound);
    switch (bound.handler.kind) {
      case 'unary':
        // Nobody calls it but the gate, which has another call to give.
        return this.#unary(bound, bound.handler, calls) as unknown as UntypedHandleCall;
      case 'serverStream':
        return this.#serverStream(bound, bound.handler, calls);
      case 'bidi':
        return this.#bidi(bound, bound.handler, calls);
    }
  }

  #unary(bound: BoundMethod, handler: UnaryHandler, calls: MethodCalls): AnswerUnary {
    return (call, callback) => {
      const startedMs = performance.now();
      calls.started += 1;
      this.#unaryCalls += 1;
      const answer = (message: unknown): void => {
        this.#finish(bound, calls, call.cancelled ? abandonedCode(call) : status.OK, startedMs);
        callback(null, message);
        this.#endUnary();
      };
      const refuse = (error: unknown): void => {
        const failure = callStatus(error);
        if (isDefect(error) && !call.cancelled) this.#logDefect(bound, error);
        this.#finish(bound, calls, call.cancelled ? abandonedCode(call) : failure.code, startedMs);
        callback(failure);
        this.#endUnary();
      };
      try {
        const { principal } = this.#admission(call);
        const context = new ServerCall(bound, call, principal, this.#options.logger, this.#options.quota);
        const result = handler.invoke(decoded(call.request, context), context);
        if (result instanceof Promise) result.then(answer, refuse);
        else answer(result);
      } catch (error) {
        refuse(error);
      }
    };
  }

  #serverStream(
    bound: BoundMethod,
    handler: ServerStreamHandler,
    calls: MethodCalls,
  ): handleServerStreamingCall<unknown, unknown> {
    return (stream) => {
      this.#open(bound, calls, stream, (context) =>
        handler.invoke(decoded(stream.request, context), stream, context),
      );
    };
  }

  #bidi(
    bound: BoundMethod,
    handler: BidiHandler,
    calls: MethodCalls,
  ): handleBidiStreamingCall<unknown, unknown> {
    return (stream) => {
      refuseUndecodable(stream);
      this.#open(bound, calls, stream, (context) => handler.invoke(stream, context));
    };
  }

  #open(
    bound: BoundMethod,
    calls: MethodCalls,
    stream: ServerStream,
    invoke: (context: ServerCall) => void | Promise<void>,
  ): void {
    calls.started += 1;
    endWithoutMessage(stream);
    this.#track(bound, calls, stream);
    const refuse = (error: unknown): void => {
      if (isDefect(error) && !stream.cancelled) this.#logDefect(bound, error);
      endWithError(stream, error);
    };
    try {
      const admission = this.#admission(stream);
      if (this.#draining) throw draining();
      const { principal } = admission;
      const release = this.#openStream(bound, principal);
      this.#streams.admit(stream, { ...admission, release });
      const context = new ServerCall(bound, stream, principal, this.#options.logger, this.#options.quota);
      if (bound.peerStream) this.#options.onPeerStream(stream.getPeer());
      const running = invoke(context);
      if (running instanceof Promise) running.catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  /** Follows a stream to its end, which is counted once: its status, or nobody waiting for one any more. */
  #track(bound: BoundMethod, calls: MethodCalls, stream: ServerStream): void {
    const startedMs = performance.now();
    let code: number = status.OK;
    const end = (endCode: number): void => {
      if (!this.#streams.delete(stream)) return;
      this.#finish(bound, calls, endCode, startedMs);
      this.#wakeWhenIdle();
    };
    this.#streams.add(stream);
    stream.on('error', (error: Error & { readonly code?: unknown }) => {
      code = typeof error.code === 'number' ? error.code : status.UNKNOWN;
    });
    stream.once('finish', () => end(code));
    stream.once('cancelled', () => end(abandonedCode(stream)));
  }

  #endUnary(): void {
    this.#unaryCalls -= 1;
    this.#wakeWhenIdle();
  }

  #isIdle(): boolean {
    return this.#unaryCalls === 0 && this.#streams.size === 0;
  }

  #wakeWhenIdle(): void {
    if (this.#idleWaiters.length === 0 || !this.#isIdle()) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** Its request is there, or it has none. */
  #admission({ metadata }: AnyCall): Admission {
    const admission = this.#admissions.get(metadata);
    if (admission === undefined) throw new Error('a call came past the gate');
    this.#admissions.delete(metadata);
    this.#awaited.arrived(metadata);
    return admission;
  }

  #openStream({ verb }: BoundMethod, { kind, id }: Principal): () => void {
    if (kind !== 'anonymous') return this.#options.quota.openStream(id);
    return verb === 'health'
      ? this.#options.quota.openStream(KEYLESS, LIMITS.keylessStreamsMax)
      : NOTHING_TAKEN;
  }

  #finish(bound: BoundMethod, calls: MethodCalls, code: number, startedMs: number): void {
    const durationMs = performance.now() - startedMs;
    calls.end(code, durationMs / 1000);
    if (this.#options.logger.isLevelEnabled('debug')) {
      this.#options.logger.debug(
        {
          'rpc.method': bound.path,
          'grpc.code': codeName(code),
          duration_ms: Math.round(durationMs * 1000) / 1000,
        },
        'call',
      );
    }
  }

  #logDefect(bound: BoundMethod, err: unknown): void {
    this.#options.logger.error({ err, 'rpc.method': bound.path }, 'call failed with an error nobody foresaw');
  }
}

/** A long request is as much work as several. @throws FlagstreamError INVALID_FIELD, REQUEST_TOO_LARGE, OVERLOADED */
function decoded(request: unknown, context: CallContext): unknown {
  if (!(request instanceof UndecodedRequest)) return request;
  context.costs(Math.ceil(request.bytes / LIMITS.requestBytesPerCall));
  return request.decode();
}

function draining(): Error {
  return fail('DRAINING', 'server draining');
}

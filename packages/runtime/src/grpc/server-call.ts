/**
 * One call as its handler sees it. Made for each call, so it allocates only
 * what somebody asks for: the signal and the logger come into being on use.
 */
import { type Metadata, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';
import type { CallContext } from './handler.ts';
import type { KeyQuota } from './key-quota.ts';
import type { Principal } from './principal.ts';
import type { BoundMethod } from './service-binding.ts';

/** What all of grpc-js's calls have in common. */
export type AnyCall = Pick<
  ServerUnaryCall<unknown, unknown>,
  'metadata' | 'cancelled' | 'getPeer' | 'getDeadline'
> & { once(event: 'cancelled', listener: () => void): unknown };

export class ServerCall implements CallContext {
  readonly principal: Principal;
  readonly #bound: BoundMethod;
  readonly #call: AnyCall;
  readonly #hostLogger: Logger;
  readonly #quota: KeyQuota;
  #logger: Logger | undefined;
  #abort: AbortController | undefined;

  constructor(bound: BoundMethod, call: AnyCall, principal: Principal, hostLogger: Logger, quota: KeyQuota) {
    this.#bound = bound;
    this.#call = call;
    this.#hostLogger = hostLogger;
    this.#quota = quota;
    this.principal = principal;
  }

  costs(calls: number): void {
    // One was taken when the call was let in.
    if (calls > 1 && this.principal.kind !== 'anonymous') this.#quota.takeCalls(this.principal.id, calls - 1);
  }

  get method(): string {
    return this.#bound.path;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get logger(): Logger {
    this.#logger ??= this.#hostLogger.child({ 'rpc.method': this.#bound.path });
    return this.#logger;
  }

  get deadlineMs(): number | undefined {
    return deadlineMs(this.#call);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      // grpc-js emits this once: on cancellation, at the deadline, and after the status was sent.
      if (this.#call.cancelled) abort.abort();
      else this.#call.once('cancelled', () => abort.abort());
    }
    return this.#abort.signal;
  }
}

function deadlineMs(call: AnyCall): number | undefined {
  const deadline = call.getDeadline();
  const ms = typeof deadline === 'number' ? deadline : deadline.getTime();
  return Number.isFinite(ms) ? ms : undefined;
}

/** The code of a call that ended without an answer of ours. */
export function abandonedCode(call: AnyCall): status {
  const deadline = deadlineMs(call);
  return deadline !== undefined && Date.now() >= deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED;
}

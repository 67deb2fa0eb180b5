/** The streams that are open, by who has opened them: whether these may go on is asked once for each, not for each stream. */
import { type FlagstreamError, LIMITS } from '@flagstream/protocol';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { ArrivingCall } from './call-gate.ts';
import { endWithError } from './end-stream.ts';
import type { Principal } from './principal.ts';

export type ServerStream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

export interface AdmittedStream {
  readonly principal: Principal;
  readonly call: ArrivingCall;
  /** Gives back what the stream takes of its key's quota. */
  readonly release: () => void;
}

interface OpenStream extends AdmittedStream {
  /** When it was told that it is not wanted any more. */
  endedMs: number | undefined;
}

export class OpenStreams {
  /** Undefined until somebody was let in. */
  readonly #streams = new Map<ServerStream, OpenStream | undefined>();
  readonly #of = new Map<Principal, Set<ServerStream>>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Nobody was let in yet. */
  add(stream: ServerStream): void {
    this.#streams.set(stream, undefined);
  }

  admit(stream: ServerStream, admitted: AdmittedStream): void {
    this.#streams.set(stream, { ...admitted, endedMs: undefined });
    const others = this.#of.get(admitted.principal);
    if (others === undefined) this.#of.set(admitted.principal, new Set([stream]));
    else others.add(stream);
  }

  /** It is over. False: it was before. */
  delete(stream: ServerStream): boolean {
    const admitted = this.#streams.get(stream);
    if (admitted !== undefined) {
      admitted.release();
      const others = this.#of.get(admitted.principal);
      others?.delete(stream);
      if (others?.size === 0) this.#of.delete(admitted.principal);
    }
    return this.#streams.delete(stream);
  }

  endAll(error: () => Error): void {
    for (const stream of this.#streams.keys()) endWithError(stream, error());
  }

  /**
   * Ends the streams of those who would not be let in any more; one whose peer does not read its end is cut.
   * Answers how many it has ended now.
   */
  endRefused(check: (principal: Principal) => FlagstreamError | undefined): number {
    let ended = 0;
    for (const [principal, streams] of this.#of) {
      const refusal = check(principal);
      if (refusal !== undefined) for (const stream of streams) ended += this.#endRefused(stream, refusal);
    }
    return ended;
  }

  #endRefused(stream: ServerStream, refusal: FlagstreamError): 0 | 1 {
    const open = this.#streams.get(stream)!;
    const nowMs = this.#monotonicMs();
    if (open.endedMs === undefined) {
      open.endedMs = nowMs;
      endWithError(stream, refusal);
      return 1;
    }
    if (nowMs - open.endedMs > LIMITS.refusedStreamEndMs) open.call.reset();
    return 0;
  }
}

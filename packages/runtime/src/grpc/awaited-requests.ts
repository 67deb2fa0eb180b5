/**
 * Calls that were let in and whose request has not come yet. Each holds what
 * has come of it, up to the longest message, so that few who send slowly could
 * take a process's memory.
 *
 * Holds true: no request is waited for longer than its time, and of those that
 * are slow, a caller has a number, the oldest going first.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import type { Metadata } from '@grpc/grpc-js';
import type { ArrivingCall } from './call-gate.ts';
import { FleetingMap } from './fleeting-map.ts';

interface Awaited {
  readonly call: ArrivingCall;
  readonly callerId: string;
  readonly sinceMs: number;
  readonly refused: (error: Error) => void;
}

/** Requests that come at once, as most do, are not counted. */
const SLOW_MS = 1_000;

export class AwaitedRequests {
  readonly #awaited = new FleetingMap<Metadata, Awaited>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get size(): number {
    return this.#awaited.size;
  }

  /** @param refused is called when it is given up */
  add(call: ArrivingCall, callerId: string, refused: (error: Error) => void): void {
    this.#awaited.set(call.metadata, { call, callerId, sinceMs: this.#monotonicMs(), refused });
  }

  /** It is there. */
  arrived(metadata: Metadata): void {
    this.#awaited.delete(metadata);
  }

  /** To be called each second. */
  sweep(): void {
    const nowMs = this.#monotonicMs();
    const slow = new Map<string, [Metadata, Awaited][]>();
    // In the order in which they came.
    for (const entry of this.#awaited) {
      const [metadata, { call, callerId, sinceMs }] = entry;
      if (call.gone) this.#awaited.delete(metadata);
      else if (nowMs - sinceMs > LIMITS.requestArrivalMs)
        this.#refuse(
          entry,
          fail('TIMEOUT', `the request did not arrive within ${LIMITS.requestArrivalMs} ms`),
        );
      else if (nowMs - sinceMs > SLOW_MS) {
        const slowOfCaller = slow.get(callerId);
        if (slowOfCaller === undefined) slow.set(callerId, [entry]);
        else slowOfCaller.push(entry);
      }
    }
    for (const entries of slow.values())
      for (const entry of entries.slice(0, Math.max(0, entries.length - LIMITS.slowRequestsMax)))
        this.#refuse(
          entry,
          fail('OVERLOADED', `more than ${LIMITS.slowRequestsMax} requests of this caller arrive slowly`, {
            retryAfterMs: 1_000,
          }),
        );
  }

  #refuse([metadata, { refused }]: [Metadata, Awaited], error: Error): void {
    this.#awaited.delete(metadata);
    refused(error);
  }
}

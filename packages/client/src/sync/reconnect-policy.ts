/**
 * When to connect again, and where: decorrelated jitter that the server can
 * lengthen, another endpoint after two failures, patience where a retry cannot
 * help. A connection must have lived before the delays start over. A server
 * that has no room now gives a place in its line, which is kept: it is no
 * failure by which delays grow.
 */
import type { ErrorReason } from '@flagstream/protocol';
import { Backoff, RECONNECT_BACKOFF } from '@flagstream/replica';
import { Endpoints } from './endpoints.ts';
import type { StreamEnd, StreamLife } from './stream-end.ts';

/** A connection that was live this long has lived. */
export const LIVED_MS = 60_000;
/** A wrong key or protocol version is not cured by asking again soon. */
const HOPELESS_DELAY_MS = 60_000;
const HOPELESS: ReadonlySet<ErrorReason> = new Set([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'STREAM_PROTOCOL',
  'STREAM_VERSION_UNSUPPORTED',
  'UNIMPLEMENTED',
]);
/** Spreads clients that were given the same retry delay; a server that has many gives each another one. */
const RETRY_AFTER_SPREAD = 0.2;
const RETRY_AFTER_SPREAD_MS_MAX = 500;

export class ReconnectPolicy {
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #endpoints: Endpoints;
  #attempts = 0;

  constructor(endpoints: readonly string[], random: () => number) {
    this.#random = random;
    this.#backoff = new Backoff(RECONNECT_BACKOFF, random);
    this.#endpoints = new Endpoints(endpoints, random);
  }

  get endpoint(): string {
    return this.#endpoints.current;
  }

  /** Attempts since the last connection that lived. */
  get attempts(): number {
    return this.#attempts;
  }

  /**
   * Milliseconds to wait after a stream ended.
   * @param life of a stream that was live; the whole fleet of its server may have lost theirs with it
   */
  afterEnd(end: StreamEnd, life: StreamLife | undefined): number {
    if (life !== undefined && life.liveMs >= LIVED_MS) {
      this.#backoff.reset();
      this.#attempts = 0;
      this.#endpoints.lived();
    }
    this.#attempts += 1;
    const askedMs = end.error.retryAfterMs ?? 0;
    if (life === undefined && end.error.reason === 'OVERLOADED' && askedMs > 0) {
      this.#endpoints.refused();
      return Math.round(Math.max(RECONNECT_BACKOFF.baseMs, this.#retryAfterMs(askedMs)));
    }
    const backoffMs = Math.max(this.#backoff.nextMs(), this.#random() * (life?.reconnectSpreadMs ?? 0));
    // A node behind this client stays behind for a while; another one may not be.
    if (end.behind && this.#endpoints.several) {
      this.#endpoints.next();
      return Math.round(backoffMs);
    }
    // What has ended a live stream has ended its node more often than not: the wait is for another one.
    if (life !== undefined) this.#endpoints.leave();
    else this.#endpoints.failed();
    return Math.round(Math.max(backoffMs, this.#retryAfterMs(askedMs), this.#hopelessMs(end)));
  }

  /** Milliseconds to wait after a Drain: uniform in the server's window, then elsewhere. */
  afterDrain(minMs: number, maxMs: number): number {
    this.#endpoints.leave();
    return Math.round(minMs + this.#random() * Math.max(0, maxMs - minMs));
  }

  #retryAfterMs(askedMs: number): number {
    const spreadMs = Math.min(RETRY_AFTER_SPREAD_MS_MAX, RETRY_AFTER_SPREAD * askedMs);
    return askedMs + spreadMs * this.#random();
  }

  #hopelessMs(end: StreamEnd): number {
    if (!HOPELESS.has(end.error.reason)) return 0;
    return HOPELESS_DELAY_MS * (1 + RETRY_AFTER_SPREAD * this.#random());
  }
}

/**
 * A stream that tells each client the newest of what it has not been told: for contracts whose clients acknowledge
 * nothing (Watch, flagd's EventStream and SyncFlags, OFREP's events).
 *
 * Holds true: nothing is queued. A change sets a bit; the stream writes when its client has taken what was written
 * before, and then what leads from there to the newest state. A client that takes nothing for too long is cut off.
 */
import { type FlagstreamError, fail, LIMITS, withMetadata } from '@flagstream/protocol';
import { endWithError } from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Serving } from '../serve/serving.ts';
import { TimedAnswers } from '../serve/timed-answers.ts';
import { type EnvironmentReplica, environmentArchived } from '../state/environment-replica.ts';
import type { FanoutMember } from './change-fanout.ts';
import type { OpenStream } from './stream-registry.ts';
import type { Ticked } from './tick-wheel.ts';

/** What a stream needs of its connection. */
export interface LatestSink {
  /** `taken` is called when the connection has the frame. */
  write(frame: Buffer, taken: () => void): void;
  /** Ends it with what its contract has for that. */
  fail(error: FlagstreamError): void;
}

export interface GrpcSinkOptions {
  /** Written before its end when the process stops. */
  readonly farewell?: Buffer;
  /** Told of each frame. */
  readonly wrote?: (bytes: number) => void;
}

const NO_OPTIONS: GrpcSinkOptions = {};

/** A server stream of gRPC as a sink. */
export class GrpcSink implements LatestSink {
  readonly #stream: ServerWritableStream<unknown, Buffer>;
  readonly #options: GrpcSinkOptions;

  constructor(stream: ServerWritableStream<unknown, Buffer>, options: GrpcSinkOptions = NO_OPTIONS) {
    this.#stream = stream;
    this.#options = options;
  }

  write(frame: Buffer, taken: () => void): void {
    this.#options.wrote?.(frame.length);
    this.#stream.write(frame, taken);
  }

  fail(error: FlagstreamError): void {
    const { farewell } = this.#options;
    if (farewell !== undefined && error.reason === 'DRAINING') this.#stream.write(farewell);
    endWithError(this.#stream, error);
  }
}

/** What a client is told; frames are encoded, and shared by all streams that are told the same. */
export interface LatestContent {
  /** What a stream begins with. */
  first(): readonly Buffer[];
  /**
   * What leads from a generation of the environment to its newest one.
   * @param affected flags whose answers may differ; undefined: any
   */
  since(generation: number, affected: ReadonlySet<string> | undefined): readonly Buffer[];
  /** Said after `keepAliveMs` without anything else; undefined: nothing. What is read is said. */
  readonly keepAlive: Buffer | undefined;
}

export interface LatestStreamOptions {
  readonly sink: LatestSink;
  readonly environment: EnvironmentReplica;
  readonly serving: Serving;
  readonly content: LatestContent;
  readonly keepAliveMs: number;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
  readonly onClose: (reason: string) => void;
}

/** Its fields stand side by side: thousands of streams are told of a change, none of which is in the CPU's cache. */
export class LatestStream implements FanoutMember, Ticked, OpenStream {
  readonly #sink: LatestSink;
  readonly #environment: EnvironmentReplica;
  readonly #serving: Serving;
  readonly #content: LatestContent;
  readonly #keepAliveMs: number;
  readonly #monotonicMs: () => number;
  readonly #onClose: (reason: string) => void;
  readonly #timed: TimedAnswers;
  #generation: number;
  #dirty = false;
  /** Time alone may have changed any answer. */
  #timePassed = false;
  #keepAliveAtMs: number;
  /** Frames that were written and not yet taken. */
  #untaken = 0;
  /** Since when something waits for what was written; Infinity: nothing does. */
  #stalledSinceMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor({
    sink,
    environment,
    serving,
    content,
    keepAliveMs,
    monotonicMs,
    onClose,
  }: LatestStreamOptions) {
    this.#sink = sink;
    this.#environment = environment;
    this.#serving = serving;
    this.#content = content;
    this.#keepAliveMs = keepAliveMs;
    this.#monotonicMs = monotonicMs;
    this.#onClose = onClose;
    this.#timed = new TimedAnswers(environment, serving.now());
    this.#generation = environment.state.generation;
    const nowMs = monotonicMs();
    this.#keepAliveAtMs = nowMs + keepAliveMs;
    this.#write(content.first(), nowMs);
  }

  /** The generation of the environment that its client was told of. */
  get generation(): number {
    return this.#generation;
  }

  get dirty(): boolean {
    return this.#dirty || this.#untaken > 0;
  }

  get deadlineMs(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const lookAtMs = this.#monotonicMs() + this.#timed.dueInMs(this.#serving.now());
    return Math.min(this.#keepAliveAtMs, lookAtMs, this.#stalledSinceMs + LIMITS.streamStallMs);
  }

  changed(): void {
    if (this.#closed) return;
    if (this.#environment.gone) {
      const error = environmentArchived(this.#environment);
      this.#end('archived', withMetadata(error, this.#serving.place(false)));
      return;
    }
    this.#dirty = true;
    this.#flush(this.#monotonicMs());
  }

  tick(nowMs: number): void {
    if (this.#closed) return;
    if (nowMs >= this.#stalledSinceMs + LIMITS.streamStallMs) {
      const detail = `the client took nothing for ${LIMITS.streamStallMs / 1000} s`;
      this.#end('overloaded', fail('OVERLOADED', detail, { retryAfterMs: 1_000 }));
      return;
    }
    this.#flush(nowMs);
    if (nowMs < this.#keepAliveAtMs) return;
    this.#keepAliveAtMs = nowMs + this.#keepAliveMs;
    if (this.#stalled(nowMs)) return;
    const { keepAlive } = this.#content;
    if (keepAlive !== undefined) this.#write([keepAlive], nowMs);
  }

  /** The process stops: its client comes back by itself when the stream ends. */
  drain(): void {
    this.#end('draining', fail('DRAINING', 'server draining'));
  }

  left(): void {
    if (!this.#closed) this.#finish('cancelled');
  }

  #flush(nowMs: number): void {
    if (this.#closed) return;
    if (this.#timed.look(this.#serving.now())) {
      this.#dirty = true;
      this.#timePassed = true;
    }
    if (!this.#dirty || this.#stalled(nowMs)) return;
    const since = this.#generation;
    const affected = this.#timePassed ? undefined : this.#environment.affectedSince(since);
    this.#dirty = false;
    this.#timePassed = false;
    this.#generation = this.#environment.state.generation;
    this.#write(this.#content.since(since, affected), nowMs);
  }

  /** Whether there is something to say while what was said is not taken yet. */
  #stalled(nowMs: number): boolean {
    if (this.#untaken === 0) return false;
    this.#stalledSinceMs = Math.min(this.#stalledSinceMs, nowMs);
    return true;
  }

  #write(frames: readonly Buffer[], nowMs: number): void {
    if (frames.length === 0) return;
    this.#keepAliveAtMs = nowMs + this.#keepAliveMs;
    this.#untaken += frames.length;
    for (const frame of frames) this.#sink.write(frame, this.#taken);
  }

  readonly #taken = (): void => {
    this.#untaken -= 1;
    if (this.#untaken > 0) return;
    this.#stalledSinceMs = Number.POSITIVE_INFINITY;
    // Not within the write itself: the stream still counts the frame.
    if (this.#dirty) queueMicrotask(this.#goOn);
  };

  readonly #goOn = (): void => this.#flush(this.#monotonicMs());

  #end(reason: string, error: FlagstreamError): void {
    if (this.#closed) return;
    this.#finish(reason);
    this.#sink.fail(error);
  }

  #finish(reason: string): void {
    this.#closed = true;
    this.#onClose(reason);
  }
}

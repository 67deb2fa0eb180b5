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
  readonly writableNeedDrain: boolean;
  /** `written` is called when the connection has taken the frame. */
  write(frame: Buffer, written: () => void): boolean;
  /** Ends it with what its contract has for that. */
  fail(error: FlagstreamError): void;
}

export interface GrpcSinkOptions {
  /** Written before its end when the process stops. */
  readonly farewell?: Buffer;
  /** Told of each frame. */
  readonly wrote?: (bytes: number) => void;
}

/** A server stream of gRPC as a sink. */
export function grpcSink(
  stream: ServerWritableStream<unknown, Buffer>,
  { farewell, wrote }: GrpcSinkOptions = {},
): LatestSink {
  return {
    get writableNeedDrain(): boolean {
      return stream.writableNeedDrain;
    },
    write: (frame, written) => {
      wrote?.(frame.length);
      return stream.write(frame, written);
    },
    fail: (error) => {
      if (farewell !== undefined && error.reason === 'DRAINING') stream.write(farewell);
      endWithError(stream, error);
    },
  };
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

/** A client that takes nothing for this long is cut off. */
const STALLED_MS_MAX = LIMITS.heartbeatMsMax;

export class LatestStream implements FanoutMember, Ticked, OpenStream {
  readonly #options: LatestStreamOptions;
  readonly #timed: TimedAnswers;
  #generation: number;
  #dirty = false;
  /** Time alone may have changed any answer. */
  #timePassed = false;
  #keepAliveAtMs: number;
  /** Bytes that were written and not yet taken. */
  #pendingBytes = 0;
  #stalledSinceMs: number | undefined;
  #closed = false;

  constructor(options: LatestStreamOptions) {
    this.#options = options;
    const { environment, serving, content, keepAliveMs, monotonicMs } = options;
    this.#timed = new TimedAnswers(environment, serving.now());
    this.#generation = environment.state.generation;
    this.#keepAliveAtMs = monotonicMs() + keepAliveMs;
    this.#write(content.first());
  }

  /** The generation of the environment that its client was told of. */
  get generation(): number {
    return this.#generation;
  }

  get dirty(): boolean {
    return this.#dirty || this.#pendingBytes > 0;
  }

  get deadlineMs(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const { serving, monotonicMs } = this.#options;
    const stalledMs = (this.#stalledSinceMs ?? Number.POSITIVE_INFINITY) + STALLED_MS_MAX;
    const lookAtMs = monotonicMs() + this.#timed.dueInMs(serving.now());
    return Math.min(this.#keepAliveAtMs, lookAtMs, stalledMs);
  }

  changed(): void {
    if (this.#closed) return;
    const { environment, serving, monotonicMs } = this.#options;
    if (environment.gone) {
      this.#end('archived', withMetadata(environmentArchived(environment), serving.place(false)));
      return;
    }
    this.#dirty = true;
    this.#flush(monotonicMs());
  }

  tick(nowMs: number): void {
    if (this.#closed) return;
    if (this.#stalledSinceMs !== undefined && nowMs >= this.#stalledSinceMs + STALLED_MS_MAX) {
      const detail = `the client took nothing for ${STALLED_MS_MAX / 1000} s`;
      this.#end('overloaded', fail('OVERLOADED', detail, { retryAfterMs: 1_000 }));
      return;
    }
    this.#flush(nowMs);
    if (nowMs < this.#keepAliveAtMs) return;
    const { content, keepAliveMs } = this.#options;
    this.#keepAliveAtMs = nowMs + keepAliveMs;
    if (this.#stalled(nowMs)) return;
    const { keepAlive } = content;
    if (keepAlive !== undefined) this.#write([keepAlive]);
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
    const { environment, serving, content } = this.#options;
    if (this.#timed.look(serving.now())) {
      this.#dirty = true;
      this.#timePassed = true;
    }
    if (!this.#dirty || this.#stalled(nowMs)) return;
    const since = this.#generation;
    const affected = this.#timePassed ? undefined : environment.affectedSince(since);
    this.#dirty = false;
    this.#timePassed = false;
    this.#generation = environment.state.generation;
    this.#write(content.since(since, affected));
  }

  #stalled(nowMs: number): boolean {
    const stalled = this.#options.sink.writableNeedDrain || this.#pendingBytes > LIMITS.watchBufferedBytesMax;
    if (!stalled) this.#stalledSinceMs = undefined;
    else this.#stalledSinceMs ??= nowMs;
    return stalled;
  }

  #write(frames: readonly Buffer[]): void {
    const { sink, keepAliveMs, monotonicMs } = this.#options;
    for (const frame of frames) {
      this.#keepAliveAtMs = monotonicMs() + keepAliveMs;
      this.#pendingBytes += frame.length;
      sink.write(frame, () => {
        this.#pendingBytes -= frame.length;
        // Not within the write itself: the stream still counts the frame.
        if (this.#dirty || this.#stalledSinceMs !== undefined) queueMicrotask(() => this.#taken());
      });
    }
  }

  #taken(): void {
    if (this.#closed) return;
    const nowMs = this.#options.monotonicMs();
    if (!this.#stalled(nowMs)) this.#flush(nowMs);
  }

  #end(reason: string, error: FlagstreamError): void {
    if (this.#closed) return;
    this.#finish(reason);
    this.#options.sink.fail(error);
  }

  #finish(reason: string): void {
    this.#closed = true;
    this.#options.onClose(reason);
  }
}

/**
 * One Watch stream: results for a context, or notices of flag keys.
 *
 * Holds true: nothing is queued. A change sets a bit; the stream writes when
 * its client has taken what was written before, and then the newest state. A
 * client that takes nothing for too long is cut off.
 */
import { fail, LIMITS, withMetadata } from '@flagstream/protocol';
import { WatchResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { endWithError } from '@flagstream/runtime';
import type { FanoutMember } from '../fanout/change-fanout.ts';
import type { OpenStream } from '../fanout/stream-registry.ts';
import type { Ticked } from '../fanout/tick-wheel.ts';
import { type EnvironmentReplica, environmentArchived } from '../state/environment-replica.ts';
import { type AnswerView, type ViewOf, wholeView } from './answer-view.ts';
import type { Serving } from './serving.ts';
import { TimedAnswers } from './timed-answers.ts';
import type { WatchedResults } from './watch-results.ts';

/** What a stream needs of a gRPC call. */
export interface WatchSink {
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  readonly writableNeedDrain: boolean;
  /** `written` is called when the client's connection has taken the frame. */
  write(frame: Buffer, written: () => void): boolean;
  emit(event: string, ...args: unknown[]): boolean;
}

export interface WatchStreamOptions {
  readonly sink: WatchSink;
  readonly environment: EnvironmentReplica;
  readonly serving: Serving;
  /** Undefined: all flags, also those that come later. */
  readonly keys: ReadonlySet<string> | undefined;
  /** Undefined: notices. */
  readonly results: WatchedResults | undefined;
  readonly viewOf: ViewOf;
  readonly heartbeatMs: number;
  /** Milliseconds that never run backwards: heartbeats and stalls. Schedules of flags count by wall time. */
  readonly monotonicMs: () => number;
  /** The stream begins with an older state than its caller asked for. */
  readonly belowMinRevision: boolean;
  readonly onClose: (reason: string) => void;
}

/** A client that takes nothing for this long is cut off. */
const STALLED_MS_MAX = LIMITS.heartbeatMsMax;

type WatchEvent = NonNullable<WatchResponse['event']>;

export class WatchStream implements FanoutMember, Ticked, OpenStream {
  readonly #options: WatchStreamOptions;
  /** State that was last looked at. */
  #generation: number;
  /** Its flags, as far as this watcher may know of them. */
  #known: AnswerView['set'];
  #dirty = false;
  /** Time alone may have changed answers: every watched flag is looked at. */
  #timePassed = false;
  readonly #timed: TimedAnswers;
  #heartbeatAtMs: number;
  /** Bytes that were written and not yet taken. */
  #pendingBytes = 0;
  #stalledSinceMs: number | undefined;
  #closed = false;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    const { environment, serving, results, heartbeatMs, monotonicMs, belowMinRevision } = options;
    const wallMs = serving.now();
    this.#generation = environment.state.generation;
    this.#known = options.viewOf(environment.state).set;
    this.#heartbeatAtMs = monotonicMs() + heartbeatMs;
    this.#timed = new TimedAnswers(environment, wallMs);
    if (results === undefined) this.#write({ $case: 'heartbeat', value: {} }, belowMinRevision);
    else this.#write({ $case: 'initial', value: results.all(environment, wallMs) }, belowMinRevision);
  }

  get dirty(): boolean {
    return this.#dirty || this.#pendingBytes > 0;
  }

  get deadlineMs(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const stalledMs =
      this.#stalledSinceMs === undefined ? Number.POSITIVE_INFINITY : this.#stalledSinceMs + STALLED_MS_MAX;
    const { serving, monotonicMs } = this.#options;
    const lookAtMs = monotonicMs() + this.#timed.dueInMs(serving.now());
    return Math.min(this.#heartbeatAtMs, lookAtMs, stalledMs);
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
    if (nowMs < this.#heartbeatAtMs) return;
    if (this.#stalled(nowMs)) this.#heartbeatAtMs = nowMs + this.#options.heartbeatMs;
    else this.#write({ $case: 'heartbeat', value: {} });
  }

  /** The process stops. Clients of Watch connect again by themselves when the stream ends. */
  drain(): void {
    this.#end('draining', fail('DRAINING', 'server draining'));
  }

  left(): void {
    if (!this.#closed) this.#finish('cancelled');
  }

  /** Writes what is new, unless the client has yet to take what was written before. */
  #flush(nowMs: number): void {
    if (this.#closed) return;
    const { environment, results, serving } = this.#options;
    const wallMs = serving.now();
    if (this.#timed.look(wallMs)) {
      this.#dirty = true;
      this.#timePassed = true;
    }
    if (!this.#dirty || this.#stalled(nowMs)) return;
    const affected = this.#timePassed ? undefined : environment.affectedSince(this.#generation);
    this.#dirty = false;
    this.#timePassed = false;
    this.#generation = environment.state.generation;
    if (results === undefined) this.#notice(affected);
    else {
      const value = results.changes(environment, affected, wallMs);
      if (value !== undefined) this.#write({ $case: 'changed', value });
    }
  }

  /** @param affected undefined: any flag */
  #notice(affected: ReadonlySet<string> | undefined): void {
    const { keys, environment, viewOf } = this.#options;
    const { set } = viewOf(environment.state);
    const before = this.#known;
    this.#known = set;
    const candidates = [...(affected ?? keys ?? set.flagKeys())];
    // A flag that is gone is told of too, where it was known before.
    const mayKnow = (key: string): boolean => viewOf === wholeView || set.has(key) || before.has(key);
    const flagKeys = candidates.filter((key) => (keys?.has(key) ?? true) && mayKnow(key)).sort();
    if (flagKeys.length > 0) this.#write({ $case: 'notice', value: { flagKeys } });
  }

  #stalled(nowMs: number): boolean {
    const stalled = this.#options.sink.writableNeedDrain || this.#pendingBytes > LIMITS.watchBufferedBytesMax;
    if (!stalled) this.#stalledSinceMs = undefined;
    else this.#stalledSinceMs ??= nowMs;
    return stalled;
  }

  #write(event: WatchEvent, belowMinRevision = false): void {
    const { sink, serving, heartbeatMs, monotonicMs } = this.#options;
    const frame = Buffer.from(WatchResponse.encode({ event, ...serving.stamp(), belowMinRevision }).finish());
    this.#heartbeatAtMs = monotonicMs() + heartbeatMs;
    this.#pendingBytes += frame.length;
    sink.write(frame, () => {
      this.#pendingBytes -= frame.length;
      // Not within the write itself: the stream still counts the frame.
      if (this.#dirty || this.#stalledSinceMs !== undefined) queueMicrotask(() => this.#taken());
    });
  }

  #taken(): void {
    if (this.#closed) return;
    const nowMs = this.#options.monotonicMs();
    if (!this.#stalled(nowMs)) this.#flush(nowMs);
  }

  #end(reason: string, error: Error): void {
    if (this.#closed) return;
    this.#finish(reason);
    endWithError(this.#options.sink, error);
  }

  #finish(reason: string): void {
    this.#closed = true;
    this.#options.onClose(reason);
  }
}

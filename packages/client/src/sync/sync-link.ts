/**
 * One Sync stream with its session: bytes become events, effects become bytes
 * and calls of the listener. Lives from dial to end, once.
 */
import { decodeServerFrame, encodeClientFrame, LIMITS, messageOf, sha256 } from '@flagstream/protocol';
import {
  type ClientSet,
  type Have,
  type NackCode,
  type ReportPlace,
  type SyncClientEffect,
  type SyncClientEvent,
  SyncClientSession,
  type SyncClientSettings,
  type Welcome,
} from '@flagstream/replica';
import type { Clock } from '../clock.ts';
import { type StreamEnd, type StreamLife, streamEnd } from './stream-end.ts';
import type { Dial, SyncStream } from './sync-stream.ts';

export type LinkEffect = Extract<SyncClientEffect, { readonly type: 'apply' | 'fresh' | 'drain' }>;

export interface SyncLinkListener {
  /** Brings the set in force before it returns; what it throws refuses the transfer. */
  apply(link: SyncLink, effect: LinkEffect & { readonly type: 'apply' }): void;
  fresh(link: SyncLink, effect: LinkEffect & { readonly type: 'fresh' }): void;
  drain(link: SyncLink, effect: LinkEffect & { readonly type: 'drain' }): void;
  /** A transfer was not taken; the state in force stays. */
  refused(link: SyncLink, code: NackCode, detail: string): void;
  /** The state in force is the newest. Once. */
  live(link: SyncLink): void;
  ended(link: SyncLink, end: StreamEnd): void;
}

export interface SyncLinkOptions {
  readonly endpoint: string;
  readonly attempt: number;
  /** Streams before, whose nodes may count this client still. */
  readonly lostStreams: readonly ReportPlace[];
  readonly held: ClientSet;
  readonly settings: SyncClientSettings;
  readonly dial: Dial;
  readonly clock: Clock;
}

/** At most LIMITS.nackDetailBytesMax bytes in UTF-8, whatever the text. */
const NACK_DETAIL_CHARACTERS_MAX = Math.floor(LIMITS.nackDetailBytesMax / 3);

export class SyncLink {
  readonly endpoint: string;
  /** Told in its Hello. */
  readonly lostStreams: readonly ReportPlace[];
  readonly #session: SyncClientSession;
  readonly #clock: Clock;
  readonly #listener: SyncLinkListener;
  readonly #stream: SyncStream;
  #welcome: Welcome | undefined;
  #welcomedMs = 0;
  #liveSinceMs: number | undefined;
  #cancelTick: (() => void) | undefined;
  #end: StreamEnd | undefined;
  #leaving: { readonly reason: string; readonly done: () => void } | undefined;

  constructor(options: SyncLinkOptions, listener: SyncLinkListener) {
    this.endpoint = options.endpoint;
    this.lostStreams = options.lostStreams;
    this.#clock = options.clock;
    this.#listener = listener;
    this.#session = new SyncClientSession(sha256, options.settings, options.held);
    this.#stream = options.dial(options.endpoint, {
      message: (bytes) => this.#message(bytes),
      ended: (error) =>
        this.#ended(
          error === undefined ? streamEnd('the server ended the stream') : { error, behind: false },
        ),
    });
    const { attempt, lostStreams } = options;
    this.#guard(() => this.#handle({ type: 'opened', attempt, lostStreams }));
    if (!this.ended) this.#scheduleTick();
  }

  get set(): ClientSet {
    return this.#session.set;
  }

  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Where its node counts it; undefined: it was not welcomed, or is not counted. */
  get place(): ReportPlace | undefined {
    return this.#session.place;
  }

  /** Its node may speak for the lost streams from here on. */
  get answered(): boolean {
    return this.#session.answered;
  }

  /** Monotonic moment of the Welcome. */
  get welcomedMs(): number {
    return this.#welcomedMs;
  }

  /** What the link was until now, if it has been live. */
  get life(): StreamLife | undefined {
    return this.#liveSinceMs === undefined
      ? undefined
      : {
          liveMs: this.#clock.monotonicMs() - this.#liveSinceMs,
          reconnectSpreadMs: this.#session.reconnectSpreadMs,
        };
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Says Bye and ends the stream; resolves when it is gone, at the latest after graceMs.
   * @param have what is in force
   */
  leave(reason: string, have: Have | undefined, graceMs: number): Promise<void> {
    if (this.ended || this.#leaving !== undefined) return Promise.resolve();
    this.#cancelTick?.();
    return new Promise((resolve) => {
      const stopWaiting = this.#clock.schedule(graceMs, () => this.#stream.cancel());
      const done = (): void => {
        stopWaiting();
        resolve();
      };
      this.#leaving = { reason, done };
      this.#stream.send(encodeClientFrame({ type: 'bye', reason, have }));
      this.#stream.end();
    });
  }

  #message(bytes: Uint8Array): void {
    if (this.ended || this.#leaving !== undefined) return;
    this.#guard(() => this.#handle({ type: 'frame', frame: decodeServerFrame(bytes) }));
  }

  /** Whatever a server sends, and whatever goes wrong here, costs this stream and not the application. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#close(streamEnd(`the stream cannot go on: ${messageOf(thrown)}`));
    }
  }

  #handle(event: SyncClientEvent): void {
    for (const effect of this.#session.handle(event, this.#clock.monotonicMs())) {
      if (this.ended) return;
      this.#take(effect);
    }
    if (this.#session.live && this.#liveSinceMs === undefined && !this.ended) {
      this.#liveSinceMs = this.#clock.monotonicMs();
      this.#listener.live(this);
    }
  }

  #take(effect: SyncClientEffect): void {
    switch (effect.type) {
      case 'send':
        this.#stream.send(encodeClientFrame(effect.frame));
        if (effect.frame.type === 'nack')
          this.#listener.refused(this, effect.frame.code, effect.frame.detail);
        return;
      case 'welcomed':
        this.#welcome = effect.welcome;
        this.#welcomedMs = this.#clock.monotonicMs();
        // From here on it is the heartbeat that the server must keep.
        this.#cancelTick?.();
        this.#scheduleTick();
        return;
      case 'apply':
        this.#apply(effect);
        return;
      case 'fresh':
        this.#listener.fresh(this, effect);
        return;
      case 'drain':
        this.#listener.drain(this, effect);
        return;
      case 'close':
        this.#close(streamEnd(effect.reason, effect.code, effect.retryAfterMs));
    }
  }

  /** The acknowledgement leaves only once the set is in force. */
  #apply(effect: LinkEffect & { readonly type: 'apply' }): void {
    const { transferId } = effect.transfer;
    const startedMs = this.#clock.monotonicMs();
    try {
      this.#listener.apply(this, effect);
    } catch (thrown) {
      const detail = messageOf(thrown).slice(0, NACK_DETAIL_CHARACTERS_MAX);
      this.#handle({ type: 'apply-failed', transferId, detail });
      return;
    }
    const applyUs = Math.round((this.#clock.monotonicMs() - startedMs) * 1000);
    this.#handle({ type: 'applied', transferId, applyUs });
  }

  #scheduleTick(): void {
    const { deadlineMs } = this.#session;
    if (!Number.isFinite(deadlineMs)) return;
    const delayMs = Math.max(1, Math.ceil(deadlineMs - this.#clock.monotonicMs()));
    this.#cancelTick = this.#clock.schedule(delayMs, () => {
      this.#guard(() => this.#handle({ type: 'tick' }));
      if (!this.ended) this.#scheduleTick();
    });
  }

  #close(end: StreamEnd): void {
    this.#ended(end);
    this.#stream.cancel();
  }

  #ended(end: StreamEnd): void {
    if (this.ended) return;
    this.#end = end;
    this.#cancelTick?.();
    this.#leaving?.done();
    if (this.#leaving === undefined) this.#listener.ended(this, end);
  }
}

/**
 * Drives replica's Follower with real parts: a log source, a snapshot source
 * and a timer. First station of the path: records come in here, folded changes
 * go on to the state.
 *
 * Holds true: events are handled one after the other, also when a source calls
 * back while it is being opened; what a closed subscription still says is not heard.
 */
import { messageOf } from '@flagstream/protocol';
import {
  type Codec,
  type EntityChange,
  FOLLOWER_SETTINGS,
  Follower,
  type FollowerAlarm,
  type FollowerEffect,
  type FollowerEvent,
  type Freshness,
  type HeadAuthority,
  type LogRecord,
  type LogSource,
  type LogState,
  type LogSubscription,
  type Place,
  type Position,
} from '@flagstream/replica';
import type { Logger } from '@flagstream/runtime';
import type { EvaluatorCache, OpenedCache } from '../cache/evaluator-cache.ts';
import type { FirstSnapshot } from './first-answer.ts';
import { lastPosition } from './last-position.ts';

/** What one folded record changed. */
export interface FoldedRecord {
  readonly revision: number;
  readonly changes: readonly EntityChange[];
}

export interface FollowListener {
  /** The state moved by these records, in order. The state is already at the last one. */
  moved(records: readonly FoldedRecord[]): void;
  /** The state is another one: everything may have changed. */
  replaced(): void;
  /** Something was heard that may bear on readiness: a head, a status, time. */
  heard(): void;
}

export interface LogFollowerOptions {
  readonly codec: Codec;
  readonly source: LogSource;
  readonly snapshots: Pick<FirstSnapshot, 'fetch'>;
  readonly authority: HeadAuthority;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly listener: FollowListener;
  /** The disk's copy: what it held, and where all that is applied goes. */
  readonly cache?: OpenedCache | undefined;
}

const TICK_MS = 250;

interface Performed {
  readonly applied: readonly LogRecord[];
  readonly replaced: boolean;
}

export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #follower: Follower;
  readonly #cache: EvaluatorCache | undefined;
  readonly #alarms = new Map<FollowerAlarm, number>();
  readonly #queue: FollowerEvent[] = [];
  #handling = false;
  #subscription: LogSubscription | undefined;
  /** Counts subscriptions: callbacks of an older one are stale. */
  #generation = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    const { codec, random, cache: opened } = options;
    const { state, frozenBefore } = opened ?? {};
    this.#cache = opened?.cache;
    this.#follower = new Follower({
      codec,
      settings: FOLLOWER_SETTINGS,
      random,
      ...(state === undefined ? {} : { state }),
      ...(frozenBefore === undefined ? {} : { frozenBefore }),
    });
  }

  get follower(): Follower {
    return this.#follower;
  }

  get state(): LogState {
    return this.#follower.state;
  }

  /** How old the state can be now. */
  freshness(): Freshness {
    return this.#follower.freshness(this.#options.monotonicMs());
  }

  /** Alarms raised so far, by code. */
  get alarms(): ReadonlyMap<FollowerAlarm, number> {
    return this.#alarms;
  }

  /** The source delivers. */
  get live(): boolean {
    return this.#follower.live;
  }

  /** There is a whole state to serve; see Follower. */
  get caughtUp(): boolean {
    return this.#follower.caughtUp(this.#options.monotonicMs());
  }

  start(): void {
    // The disk's.
    if (this.state.position.revision > 0) {
      this.#cache?.activating();
      this.#options.listener.replaced();
      this.#cache?.activated();
    } else this.#cache?.loaded();
    this.#handle({ type: 'start' });
    this.#timer = setInterval(() => this.#handle({ type: 'tick' }), TICK_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#subscription?.close();
  }

  #handle(event: FollowerEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#take(next);
        this.#options.listener.heard();
      }
    } finally {
      this.#handling = false;
    }
  }

  /** Says on disk what is about to be applied, and then what was: one that ends this process is known by it. */
  #take(event: FollowerEvent): void {
    const cache = this.#cache;
    const upTo = cache === undefined ? undefined : placeOf(event);
    if (upTo !== undefined) cache?.applying(upTo);
    const { applied, replaced } = this.#perform(this.#follower.handle(event, this.#options.monotonicMs()));
    if (replaced) cache?.replaced();
    else if (upTo !== undefined) cache?.applied(applied);
    if (event.type === 'tick') cache?.tick();
  }

  #perform(effects: readonly FollowerEffect[]): Performed {
    const applied: LogRecord[] = [];
    let replaced = false;
    let folded: FoldedRecord[] = [];
    const flush = (): void => {
      if (folded.length === 0) return;
      this.#options.listener.moved(folded);
      folded = [];
    };
    for (const effect of effects) {
      switch (effect.type) {
        case 'applied':
          applied.push(effect.record);
          folded.push({ revision: effect.record.revision, changes: effect.changes });
          break;
        case 'replaced':
          // The records before it are part of the snapshot's state, or no longer true.
          folded = [];
          replaced = true;
          this.#tellReplaced(effect.continues);
          this.#options.listener.replaced();
          break;
        case 'reopen':
          flush();
          this.#open(effect.after);
          break;
        case 'fetch-snapshot':
          this.#fetchSnapshot(effect.reason);
          break;
        case 'ask-head':
          this.#askHead(effect.askedMs);
          break;
        case 'alarm':
          this.#alarm(effect.code, effect.detail);
          break;
      }
    }
    flush();
    return { applied, replaced };
  }

  #tellReplaced(continues: boolean): void {
    const { epoch, revision } = this.state.position;
    const { logger } = this.#options;
    if (continues) logger.info({ epoch, revision }, 'the state is that of a snapshot');
    else
      logger.warn(
        { epoch, revision },
        'the state is that of another branch of the log: what it held is withdrawn',
      );
  }

  #open(after: Position): void {
    const previous = this.#subscription;
    this.#subscription = undefined;
    this.#generation += 1;
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation;
    if (previous !== undefined) this.#release(previous);
    const subscription = this.#options.source.open(after, {
      records: (records) => {
        if (current()) this.#records(records);
      },
      head: (beacon) => {
        if (current()) this.#handle({ type: 'head', beacon });
      },
      status: (status) => {
        if (!current()) return;
        if (status.kind === 'live') this.#options.logger.info('the log source delivers');
        else
          this.#options.logger.warn(
            { source: status.kind, detail: status.detail },
            'the log source does not deliver',
          );
        this.#handle({ type: 'status', status });
      },
    });
    // What it delivered while it was opened may have opened another one.
    if (current()) this.#subscription = subscription;
    else this.#release(subscription);
  }

  #records(records: readonly Uint8Array[]): void {
    // One of them ended this process before: the marker must name which.
    if (this.#cache?.oneByOne === true)
      for (const bytes of records) this.#handle({ type: 'records', records: [bytes] });
    else this.#handle({ type: 'records', records });
  }

  #release(subscription: LogSubscription): void {
    subscription.close().catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'a log subscription did not close cleanly');
    });
  }

  #fetchSnapshot(reason: string): void {
    this.#options.logger.info({ reason }, 'fetching a snapshot');
    this.#options.snapshots.fetch().then(
      (found) => this.#handle({ type: 'snapshot', ...found }),
      (error: unknown) => {
        const detail = messageOf(error);
        this.#options.logger.info({ detail }, 'there is no snapshot to be had');
        this.#handle({ type: 'snapshot-failed', detail });
      },
    );
  }

  #askHead(askedMs: number): void {
    this.#options.authority.askHead().then(
      (beacon) => this.#handle({ type: 'head-answer', beacon, askedMs }),
      (error: unknown) => {
        this.#options.logger.debug({ detail: String(error) }, 'nobody answered for the head');
        this.#handle({ type: 'head-failed' });
      },
    );
  }

  #alarm(code: FollowerAlarm, detail: string): void {
    this.#alarms.set(code, (this.#alarms.get(code) ?? 0) + 1);
    const { position } = this.state;
    this.#options.logger.error(
      { alarm: code, detail, epoch: position.epoch, revision: position.revision },
      'the log cannot be followed as it is',
    );
  }
}

/** The place up to which an event may move the state. */
function placeOf(event: FollowerEvent): Place | undefined {
  if (event.type === 'snapshot') return event.snapshot.position;
  return event.type === 'records' ? lastPosition(event.records) : undefined;
}

/**
 * Drives replica's Follower with real parts: a log source, a snapshot source
 * and a timer. First station of the path: records come in here, folded changes
 * go on to the state.
 *
 * Holds true: events are handled one after the other, also when a source calls
 * back while it is being opened; what a closed subscription still says is not heard.
 */
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
  type LogSource,
  type LogState,
  type LogSubscription,
  type Position,
  type SnapshotSource,
} from '@flagstream/replica';
import type { Logger } from '@flagstream/runtime';

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
  readonly snapshots: SnapshotSource;
  readonly authority: HeadAuthority;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly listener: FollowListener;
  /** What a disk had. Default: nothing. */
  readonly state?: LogState | undefined;
}

const TICK_MS = 250;
/** A log without head beacons counts as read once nothing came for this long. */
const QUIET_MS = 2_000;

export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #follower: Follower;
  readonly #alarms = new Map<FollowerAlarm, number>();
  readonly #queue: FollowerEvent[] = [];
  #handling = false;
  #subscription: LogSubscription | undefined;
  /** Counts subscriptions: callbacks of an older one are stale. */
  #generation = 0;
  #timer: NodeJS.Timeout | undefined;
  #movedMs = 0;
  #live = false;
  #closed = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    const { codec, random, state } = options;
    this.#follower = new Follower({
      codec,
      settings: FOLLOWER_SETTINGS,
      random,
      ...(state === undefined ? {} : { state }),
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
    return this.#live;
  }

  /** Everything that the source is known to hold was applied. */
  get caughtUp(): boolean {
    const { position } = this.state;
    if (position.revision === 0) return false;
    const { head } = this.#follower;
    if (head === undefined) return this.#live && this.#options.monotonicMs() - this.#movedMs >= QUIET_MS;
    return (
      head.epoch < position.epoch || (head.epoch === position.epoch && head.headRevision <= position.revision)
    );
  }

  start(): void {
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
        this.#perform(this.#follower.handle(next, this.#options.monotonicMs()));
        this.#options.listener.heard();
      }
    } finally {
      this.#handling = false;
    }
  }

  #perform(effects: readonly FollowerEffect[]): void {
    let folded: FoldedRecord[] = [];
    const flush = (): void => {
      if (folded.length === 0) return;
      this.#movedMs = this.#options.monotonicMs();
      this.#options.listener.moved(folded);
      folded = [];
    };
    for (const effect of effects) {
      switch (effect.type) {
        case 'applied':
          folded.push({ revision: effect.record.revision, changes: effect.changes });
          break;
        case 'replaced':
          // The records before it are part of the snapshot's state, or no longer true.
          folded = [];
          this.#movedMs = this.#options.monotonicMs();
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
        if (current()) this.#handle({ type: 'records', records });
      },
      head: (beacon) => {
        if (current()) this.#handle({ type: 'head', beacon });
      },
      status: (status) => {
        if (!current()) return;
        this.#live = status.kind === 'live';
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

  #release(subscription: LogSubscription): void {
    subscription.close().catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'a log subscription did not close cleanly');
    });
  }

  #fetchSnapshot(reason: string): void {
    this.#options.logger.info({ reason }, 'fetching a snapshot');
    this.#options.snapshots.fetch().then(
      (snapshot) => this.#handle({ type: 'snapshot', snapshot }),
      (error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
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

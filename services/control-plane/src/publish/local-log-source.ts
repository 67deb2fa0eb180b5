/**
 * The log for an evaluator in the same process: the same listener contract as
 * over the network. Delivered in turns of the event loop of their own, never
 * inside the commit.
 */
import { FlagstreamError } from '@flagstream/protocol';
import type { LogListener, LogSource, LogSubscription, Position } from '@flagstream/replica';
import type { ChangeLog } from '../log/change-log.ts';
import { LogCursor } from '../log/log-cursor.ts';
import type { HeadBeacons } from './head-beacons.ts';

export class LocalLogSource implements LogSource {
  readonly #log: ChangeLog;
  readonly #beacons: HeadBeacons;

  constructor(log: ChangeLog, beacons: HeadBeacons) {
    this.#log = log;
    this.#beacons = beacons;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new LocalSubscription(this.#log, this.#beacons, after, listener);
  }
}

class LocalSubscription implements LogSubscription {
  readonly #log: ChangeLog;
  readonly #beacons: HeadBeacons;
  readonly #after: Position;
  readonly #listener: LogListener;
  readonly #stops: readonly (() => void)[];
  #cursor: LogCursor | undefined;
  #turn: NodeJS.Immediate | undefined;
  /** A snapshot is needed: the follower opens again with it. */
  #behind = false;
  #closed = false;

  constructor(log: ChangeLog, beacons: HeadBeacons, after: Position, listener: LogListener) {
    this.#log = log;
    this.#beacons = beacons;
    this.#after = after;
    this.#listener = listener;
    this.#stops = [log.onCommit(() => this.#wake()), beacons.onBeacon(() => this.#wake())];
    this.#wake();
  }

  close(): Promise<void> {
    this.#closed = true;
    clearImmediate(this.#turn);
    for (const stop of this.#stops) stop();
    return Promise.resolve();
  }

  #wake(): void {
    if (this.#closed || this.#behind) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#deliver();
    });
  }

  /** One batch, then the others' turn; the head once there is no more. */
  #deliver(): void {
    const cursor = this.#cursor ?? this.#start();
    if (cursor === undefined) return;
    const records = cursor.next();
    if (records.length > 0) {
      this.#listener.records(records);
      this.#wake();
      return;
    }
    this.#listener.head(this.#beacons.current());
  }

  #start(): LogCursor | undefined {
    try {
      this.#cursor = new LogCursor(this.#log.store, this.#after);
    } catch (error) {
      if (!(error instanceof FlagstreamError)) throw error;
      this.#behind = true;
      this.#listener.status({ kind: 'behind', firstRevision: 1, detail: error.message });
      return undefined;
    }
    this.#listener.status({ kind: 'live' });
    return this.#cursor;
  }
}

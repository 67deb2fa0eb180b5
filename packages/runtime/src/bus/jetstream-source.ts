/**
 * The log for a follower, over the bus: finds the newest epoch's stream, tails
 * it from the wanted position, passes head beacons on. A beacon of a higher
 * epoch is itself the order to move, each time one is heard.
 *
 * Holds true: a stream that is not what the follower's position came from
 * (rewound, made anew, another's) never stays unseen. The tail begins with the
 * follower's own record, so that other bytes there are delivered and the
 * follower's fold recognises them; a stream that is gone is said to be down and
 * looked for afresh; one whose window no longer holds what comes next is
 * `behind`, and the follower takes a snapshot and opens again.
 */
import { decodeHeadBeacon, messageOf, recordCodec, sha256 } from '@flagstream/protocol';
import {
  bytesEqual,
  chainHash,
  type HeadBeacon,
  type LogListener,
  type LogSource,
  type LogSubscription,
  logPlace,
  type Position,
  type SourceStatus,
  type StreamWindow,
} from '@flagstream/replica';
import type { Logger } from '../log/logger.ts';
import type { Bus, Tail } from './bus.ts';
import { wakeablePause } from './wakeable-pause.ts';

/** Pause between looks for a stream that is not there yet. */
const RETRY_MS = 500;

export class JetStreamSource implements LogSource {
  readonly #bus: Bus;
  readonly #logger: Logger;

  constructor(bus: Bus, logger: Logger) {
    this.#bus = bus;
    this.#logger = logger;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new JetStreamSubscription(this.#bus, this.#logger, after, listener);
  }
}

class JetStreamSubscription implements LogSubscription {
  readonly #bus: Bus;
  readonly #logger: Logger;
  readonly #listener: LogListener;
  readonly #running: Promise<void>;
  readonly #stops: readonly (() => void)[];
  /** Where the follower opened: its own record is not news to it. */
  readonly #opened: Position;
  /** Epoch and revision delivered last. */
  #after: Pick<Position, 'epoch' | 'revision'>;
  #tail: { readonly tail: Tail; readonly window: StreamWindow } | undefined;
  #batch: Uint8Array[] = [];
  #behind = false;
  #closed = false;
  #status: SourceStatus['kind'] | undefined;
  /** Something happened since the last look began. */
  #stirred = false;
  /** Ends the current wait. */
  #wake: () => void = () => undefined;

  constructor(bus: Bus, logger: Logger, after: Position, listener: LogListener) {
    this.#bus = bus;
    this.#logger = logger;
    this.#listener = listener;
    this.#opened = after;
    this.#after = after;
    this.#stops = [
      bus.onHead((bytes) => this.#hear(bytes)),
      bus.onStatus(({ kind, detail }) => {
        if (kind === 'disconnected') this.#tell({ kind: 'down', detail });
        else this.#stir();
      }),
    ];
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#stir();
    await this.#running;
    await this.#endTail();
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake();
  }

  /** Looks for the stream, tails it, and looks again whenever it is stirred. */
  async #run(): Promise<void> {
    while (!this.#closed) {
      let pauseMs: number | undefined = RETRY_MS;
      this.#stirred = false;
      try {
        if (await this.#locate()) pauseMs = undefined;
      } catch (error) {
        this.#tell({ kind: 'down', detail: messageOf(error) });
      }
      if (!this.#closed && !this.#stirred) await this.#pause(pauseMs);
    }
  }

  /** True when there is nothing more to do until something happens. */
  async #locate(): Promise<boolean> {
    if (this.#behind) return true;
    const { window, newest } = await this.#findWindow();
    if (window === undefined || this.#closed) return false;
    const current = this.#tail?.window;
    if (current?.epoch === window.epoch && current.baseRevision === window.baseRevision) return newest;
    await this.#endTail();
    if (this.#closed) return true;
    const place = logPlace(this.#after, window);
    switch (place.kind) {
      case 'wait':
        this.#tell({ kind: 'down', detail: place.detail });
        return false;
      case 'behind':
        this.#fallBehind(place.firstRevision, place.detail);
        return true;
      case 'tail':
        this.#follow(window, place.startSeq);
        return newest;
    }
  }

  /**
   * Of the newest epoch whose stream has a record of that epoch. `newest` is
   * false while there is a newer one whose first record is yet to come.
   */
  async #findWindow(): Promise<{ readonly window: StreamWindow | undefined; readonly newest: boolean }> {
    const epochs = await this.#bus.epochs();
    for (const epoch of [...epochs].reverse()) {
      const window = await this.#readWindow(epoch);
      if (window !== undefined) return { window, newest: epoch === epochs.at(-1) };
    }
    const detail = epochs.length === 0 ? 'there is no log stream yet' : 'the log stream is empty';
    await this.#endTail();
    this.#tell({ kind: 'down', detail });
    return { window: undefined, newest: false };
  }

  async #readWindow(epoch: number): Promise<StreamWindow | undefined> {
    const info = await this.#bus.logStreamInfo(epoch);
    if (info === undefined || info.firstSeq < 1) return undefined;
    const { firstSeq, lastSeq } = info;
    // The window moves: its first record may be gone before it is read, then the next look finds another.
    const first = await this.#bus.readRecord(epoch, firstSeq);
    if (first === undefined) return undefined;
    try {
      const record = recordCodec.decodeRecord(first);
      if (record.epoch === epoch)
        return { epoch, baseRevision: record.revision - firstSeq, firstSeq, lastSeq };
      this.#logger.warn({ epoch, record_epoch: record.epoch }, 'a log stream holds records of another epoch');
    } catch (error) {
      this.#logger.warn({ epoch, detail: messageOf(error) }, 'a log stream cannot be read');
    }
    return undefined;
  }

  async #endTail(): Promise<void> {
    const ended = this.#tail;
    this.#tail = undefined;
    await ended?.tail.close();
  }

  #follow(window: StreamWindow, startSeq: number): void {
    let expectedSeq = startSeq;
    const tail = this.#bus.tail(window.epoch, startSeq, {
      record: (seq, bytes) => {
        if (this.#closed || this.#behind || this.#tail?.tail !== tail) return;
        if (seq > expectedSeq) {
          const firstRevision = window.baseRevision + seq;
          const detail = `the stream moved on to revision ${firstRevision} before ${window.baseRevision + expectedSeq} was read`;
          this.#fallBehind(firstRevision, detail);
          return;
        }
        expectedSeq = seq + 1;
        if (this.#isOwn(window.baseRevision + seq, bytes)) return;
        this.#after = { epoch: window.epoch, revision: window.baseRevision + seq };
        this.#push(bytes);
      },
      status: ({ kind, detail }) => {
        if (this.#closed || this.#behind || this.#tail?.tail !== tail) return;
        if (kind === 'live') this.#tell({ kind: 'live' });
        else this.#tell({ kind: 'down', detail });
        // What comes in its place may begin elsewhere.
        if (kind === 'missing-stream') this.#stir();
      },
    });
    this.#tail = { tail, window };
  }

  /** The record that the follower opened at. */
  #isOwn(revision: number, bytes: Uint8Array): boolean {
    return revision === this.#opened.revision && bytesEqual(chainHash(sha256, bytes), this.#opened.hash);
  }

  #fallBehind(firstRevision: number, detail: string): void {
    this.#flush();
    this.#behind = true;
    this.#tell({ kind: 'behind', firstRevision, detail });
  }

  /** Records that arrive in one read of the socket are passed on together. */
  #push(bytes: Uint8Array): void {
    this.#batch.push(bytes);
    if (this.#batch.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#closed) return;
    const records = this.#batch;
    this.#batch = [];
    this.#listener.records(records);
  }

  #hear(bytes: Uint8Array): void {
    let beacon: HeadBeacon;
    try {
      beacon = decodeHeadBeacon(bytes);
    } catch (error) {
      this.#logger.warn({ detail: messageOf(error) }, 'a head beacon cannot be read');
      return;
    }
    this.#flush();
    this.#listener.head(beacon);
    if (beacon.epoch > (this.#tail?.window.epoch ?? 0)) this.#stir();
  }

  #tell(status: SourceStatus): void {
    // Behind is the last word: it stays true whatever the connection does, until the source is opened again.
    if (this.#closed || this.#status === status.kind || this.#status === 'behind') return;
    this.#status = status.kind;
    this.#listener.status(status);
  }

  /** Until stirred, or for a time. */
  #pause(ms: number | undefined): Promise<void> {
    const { over, wake } = wakeablePause(ms);
    this.#wake = wake;
    return over;
  }
}

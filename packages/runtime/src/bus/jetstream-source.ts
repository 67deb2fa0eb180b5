/**
 * The log for a follower, over the bus: finds the newest epoch's stream, tails
 * it from the wanted position, passes head beacons on. A beacon of a higher
 * epoch is itself the order to move, each time one is heard.
 *
 * Tells `behind` when the window no longer holds what comes next, then waits:
 * the follower takes a snapshot and opens again.
 */
import { headBeaconFromWire, recordCodec } from '@flagstream/protocol';
import { HeadBeacon as WireHeadBeacon } from '@flagstream/protocol/gen/flagstream/v1/record';
import type {
  HeadBeacon,
  LogListener,
  LogSource,
  LogSubscription,
  Position,
  SourceStatus,
} from '@flagstream/replica';
import type { Logger } from '../log/logger.ts';
import type { Bus, Tail } from './bus.ts';
import { logPlace, type StreamWindow } from './log-place.ts';
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
  /** Epoch and revision delivered last. */
  #after: Pick<Position, 'epoch' | 'revision'>;
  #tail: { readonly tail: Tail; readonly window: StreamWindow } | undefined;
  #batch: Uint8Array[] = [];
  #behind = false;
  #closed = false;
  #status: SourceStatus['kind'] | undefined;
  /** Ends the current wait. */
  #wake: () => void = () => undefined;

  constructor(bus: Bus, logger: Logger, after: Position, listener: LogListener) {
    this.#bus = bus;
    this.#logger = logger;
    this.#listener = listener;
    this.#after = { epoch: after.epoch, revision: after.revision };
    this.#stops = [
      bus.onHead((bytes) => this.#hear(bytes)),
      bus.onStatus(({ kind, detail }) => {
        if (kind === 'disconnected') this.#tell({ kind: 'down', detail });
        else this.#wake();
      }),
    ];
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#wake();
    await this.#running;
    await this.#tail?.tail.close();
  }

  /** Looks for the stream, tails it, and looks again whenever it is woken. */
  async #run(): Promise<void> {
    while (!this.#closed) {
      let pauseMs: number | undefined = RETRY_MS;
      try {
        if (await this.#locate()) pauseMs = undefined;
      } catch (error) {
        this.#tell({ kind: 'down', detail: (error as Error).message });
      }
      if (!this.#closed) await this.#pause(pauseMs);
    }
  }

  /** True when there is nothing more to do until something happens. */
  async #locate(): Promise<boolean> {
    if (this.#behind) return true;
    const window = await this.#newestWindow();
    if (window === undefined) return false;
    if (this.#tail?.window.epoch === window.epoch) return true;
    await this.#tail?.tail.close();
    this.#tail = undefined;
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
        return true;
    }
  }

  /** Undefined: no stream, or its first record is not there yet. */
  async #newestWindow(): Promise<StreamWindow | undefined> {
    const epoch = (await this.#bus.epochs()).at(-1);
    if (epoch === undefined) {
      this.#tell({ kind: 'down', detail: 'there is no log stream yet' });
      return undefined;
    }
    const info = await this.#bus.logStreamInfo(epoch);
    // The window moves: its first record may be gone before it is read, then the next look finds another.
    const first = info === undefined ? undefined : await this.#bus.readRecord(epoch, info.firstSeq);
    if (info === undefined || first === undefined) {
      this.#tell({ kind: 'down', detail: `the stream of epoch ${epoch} is empty` });
      return undefined;
    }
    const record = recordCodec.decodeRecord(first);
    return {
      epoch,
      baseRevision: record.revision - info.firstSeq,
      firstSeq: info.firstSeq,
      lastSeq: info.lastSeq,
    };
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
        this.#after = { epoch: window.epoch, revision: window.baseRevision + seq };
        this.#push(bytes);
      },
      status: ({ kind, detail }) => {
        if (this.#closed || this.#behind || this.#tail?.tail !== tail) return;
        if (kind === 'live') this.#tell({ kind: 'live' });
        else this.#tell({ kind: 'down', detail });
      },
    });
    this.#tail = { tail, window };
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
      beacon = headBeaconFromWire(WireHeadBeacon.decode(bytes));
    } catch (error) {
      this.#logger.warn({ detail: (error as Error).message }, 'a head beacon cannot be read');
      return;
    }
    this.#flush();
    this.#listener.head(beacon);
    if (beacon.epoch > (this.#tail?.window.epoch ?? 0)) this.#wake();
  }

  #tell(status: SourceStatus): void {
    if (this.#closed || this.#status === status.kind) return;
    this.#status = status.kind;
    this.#listener.status(status);
  }

  /** Until woken, or for a time. */
  #pause(ms: number | undefined): Promise<void> {
    const { over, wake } = wakeablePause(ms);
    this.#wake = wake;
    return over;
  }
}

/**
 * The log straight from the simulated control plane, with the contract of the
 * real WatchLog source: goes on trying for ever, and says `behind` when its
 * position is not one of the control plane's.
 */
import {
  Backoff,
  type LogListener,
  type LogSource,
  type LogSubscription,
  type Position,
  type SourceStatus,
} from '@flagstream/replica';
import { lastPosition } from '../../../services/evaluator/src/follow/last-position.ts';
import type { Connection } from '../world/connection.ts';
import type { Process } from '../world/process.ts';
import type { ControlPlane } from './control-plane.ts';
import type { WatchMessage } from './log-watchers.ts';

const SILENCE_MS = 2_500;
const BACKOFF = { baseMs: 100, capMs: 5_000 };

export class WatchLogSource implements LogSource {
  readonly #process: Process;
  readonly #controlPlane: ControlPlane;

  constructor(process: Process, controlPlane: ControlPlane) {
    this.#process = process;
    this.#controlPlane = controlPlane;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new WatchLogSubscription(this.#process, this.#controlPlane, after, listener);
  }
}

class WatchLogSubscription implements LogSubscription {
  readonly #process: Process;
  readonly #controlPlane: ControlPlane;
  readonly #listener: LogListener;
  readonly #backoff: Backoff;
  #after: Position;
  #connection: Connection | undefined;
  #cancelWait: () => void = () => undefined;
  #status: SourceStatus['kind'] | undefined;
  #closed = false;

  constructor(process: Process, controlPlane: ControlPlane, after: Position, listener: LogListener) {
    this.#process = process;
    this.#controlPlane = controlPlane;
    this.#after = after;
    this.#listener = listener;
    this.#backoff = new Backoff(BACKOFF, process.world.random.next);
    this.#connect();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelWait();
    this.#connection?.close('client', 'cancelled');
    return Promise.resolve();
  }

  #connect(): void {
    this.#expectWord();
    this.#connection = this.#controlPlane.watchers.watch(this.#process, this.#after, {
      message: (message) => this.#take(message),
      ended: (reason) => this.#ended(reason),
    });
  }

  #take(message: WatchMessage): void {
    if (this.#closed) return;
    this.#expectWord();
    this.#backoff.reset();
    switch (message.kind) {
      case 'records':
        this.#tell({ kind: 'live' });
        this.#after = lastPosition(message.records) ?? this.#after;
        this.#listener.records(message.records);
        return;
      case 'head':
        this.#tell({ kind: 'live' });
        this.#listener.head(message.beacon);
        return;
      case 'behind':
        this.#closed = true;
        this.#cancelWait();
        this.#listener.status({ kind: 'behind', firstRevision: 1, detail: message.detail });
        return;
    }
  }

  #expectWord(): void {
    this.#cancelWait();
    this.#cancelWait = this.#process.after(SILENCE_MS, () => {
      this.#connection?.close('client', 'silent');
      this.#ended('nothing was heard');
    });
  }

  #ended(detail: string): void {
    if (this.#closed) return;
    this.#cancelWait();
    this.#tell({ kind: 'down', detail });
    this.#cancelWait = this.#process.after(this.#backoff.nextMs(), () => this.#connect());
  }

  #tell(status: SourceStatus): void {
    if (this.#closed || this.#status === status.kind) return;
    this.#status = status.kind;
    this.#listener.status(status);
  }
}

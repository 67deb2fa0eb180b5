/**
 * The log from the simulated NATS, with the contract of the real source: finds
 * the newest epoch's stream, tails it from where the follower is (production's
 * logPlace decides where that is), says `behind` when the window has moved on.
 */
import {
  type Codec,
  type HeadBeacon,
  type LogListener,
  type LogSource,
  type LogSubscription,
  logPlace,
  type Position,
  type StreamWindow,
} from '@flagstream/replica';
import type { Network } from '../world/network.ts';
import type { Process } from '../world/process.ts';
import type { NatsClient } from './nats-client.ts';
import type { Consumer, SimNats } from './sim-nats.ts';

const RETRY_MS = 500;
/** A consumer that has heard nothing for this long asks whether it missed something. */
const HEARTBEAT_MS = 2_000;

export interface NatsSourceParts {
  readonly network: Network;
  readonly process: Process;
  readonly client: NatsClient;
  readonly codec: Codec;
  /** Hands records on as they come: late, twice, out of order, with gaps. */
  readonly rough: boolean;
}

export class NatsSource implements LogSource {
  readonly #parts: NatsSourceParts;
  readonly #open = new Set<NatsSubscription>();

  constructor(parts: NatsSourceParts) {
    this.#parts = parts;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    const subscription = new NatsSubscription(this.#parts, after, listener, () =>
      this.#open.delete(subscription),
    );
    this.#open.add(subscription);
    subscription.locate();
    return subscription;
  }

  connected(): void {
    for (const subscription of this.#open) subscription.locate();
  }

  disconnected(): void {
    for (const subscription of this.#open) subscription.lost();
  }

  head(beacon: HeadBeacon): void {
    for (const subscription of this.#open) subscription.head(beacon);
  }

  /** The process crashed: nobody listens any more. */
  forget(): void {
    this.#open.clear();
  }
}

class NatsSubscription implements LogSubscription {
  readonly #parts: NatsSourceParts;
  readonly #listener: LogListener;
  readonly #closedBy: () => void;
  /** Epoch and revision delivered last. */
  #after: Pick<Position, 'epoch' | 'revision'>;
  #window: StreamWindow | undefined;
  #expectedSeq = 0;
  /** Counts consumers: what an older one still delivers is not heard. */
  #consumer = 0;
  #stopConsumer: () => void = () => undefined;
  #heardMs = 0;
  #status: 'live' | 'down' | undefined;
  #behind = false;
  #closed = false;

  constructor(parts: NatsSourceParts, after: Position, listener: LogListener, closedBy: () => void) {
    this.#parts = parts;
    this.#listener = listener;
    this.#after = after;
    this.#closedBy = closedBy;
    parts.process.every(HEARTBEAT_MS, () => this.#heartbeat());
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    this.#closedBy();
    return Promise.resolve();
  }

  locate(): void {
    if (this.#closed || this.#behind) return;
    this.#parts.client.request(
      (nats) => newestWindow(nats, this.#parts.codec),
      (window) => {
        if (this.#closed || this.#behind) return;
        if (window === undefined || !this.#follow(window)) {
          this.#tell('down', 'there is no stream to follow');
          this.#parts.process.after(RETRY_MS, () => this.locate());
        }
      },
    );
  }

  lost(): void {
    this.#drop();
    this.#tell('down', 'NATS is not connected');
  }

  head(beacon: HeadBeacon): void {
    if (this.#closed) return;
    this.#listener.head(beacon);
    if (beacon.epoch > (this.#window?.epoch ?? 0)) this.locate();
  }

  #follow(window: StreamWindow): boolean {
    if (this.#window?.epoch === window.epoch && this.#consumer > 0 && this.#status === 'live') return true;
    const place = logPlace(this.#after, window);
    switch (place.kind) {
      case 'wait':
        return false;
      case 'behind':
        this.#fallBehind(place.firstRevision, place.detail);
        return true;
      case 'tail':
        this.#window = window;
        this.#consume(place.startSeq);
        return true;
    }
  }

  #consume(startSeq: number): void {
    const { network, process, client, rough } = this.#parts;
    const { nats } = client;
    this.#drop();
    const current = this.#consumer;
    let delivered = 0;
    let sent = 0;
    this.#expectedSeq = startSeq;
    const { life } = process;
    const consumer: Consumer = {
      epoch: this.#window!.epoch,
      nextSeq: startSeq,
      deliver: (seq, bytes) => {
        sent += 1;
        const order = sent;
        network.send(nats, process, () => {
          if (process.life !== life || this.#closed || this.#behind || current !== this.#consumer) return;
          delivered += 1;
          if (!rough && order !== delivered) this.#consume(this.#expectedSeq);
          else this.#take(seq, bytes);
        });
      },
    };
    client.request(
      (server) => server.consume(consumer),
      (stop) => {
        if (this.#closed || current !== this.#consumer) stop?.();
        else if (stop === undefined) this.#consume(this.#expectedSeq);
        else {
          this.#stopConsumer = stop;
          this.#tell('live');
        }
      },
    );
  }

  #take(seq: number, bytes: Uint8Array): void {
    const { baseRevision } = this.#window!;
    this.#heardMs = this.#parts.process.nowMs();
    if (seq > this.#expectedSeq && !this.#parts.rough) {
      const detail = `the stream moved on to revision ${baseRevision + seq}`;
      this.#fallBehind(baseRevision + seq, detail);
      return;
    }
    this.#expectedSeq = seq + 1;
    this.#after = { epoch: this.#window!.epoch, revision: baseRevision + seq };
    this.#listener.records([bytes]);
  }

  #fallBehind(firstRevision: number, detail: string): void {
    this.#behind = true;
    this.#drop();
    this.#listener.status({ kind: 'behind', firstRevision, detail });
  }

  /** A silent consumer is made anew: the server may have forgotten it, or its messages were lost. */
  #heartbeat(): void {
    const { process } = this.#parts;
    if (this.#closed || this.#behind || this.#status !== 'live' || this.#window === undefined) return;
    if (process.nowMs() - this.#heardMs < HEARTBEAT_MS) return;
    this.#heardMs = process.nowMs();
    this.#consume(this.#expectedSeq);
  }

  #drop(): void {
    this.#consumer += 1;
    this.#stopConsumer();
    this.#stopConsumer = () => undefined;
  }

  #tell(kind: 'live' | 'down', detail = ''): void {
    if (this.#closed || this.#behind || this.#status === kind) return;
    this.#status = kind;
    this.#listener.status(kind === 'live' ? { kind } : { kind, detail });
  }
}

function newestWindow(nats: SimNats, codec: Codec): StreamWindow | undefined {
  const epoch = nats.epochs().at(-1);
  const stream = epoch === undefined ? undefined : nats.stream(epoch);
  const first = stream?.read(stream.firstSeq);
  if (stream === undefined || first === undefined) return undefined;
  const { revision } = codec.decodeRecord(first);
  const { firstSeq, lastSeq } = stream;
  return { epoch: stream.epoch, baseRevision: revision - firstSeq, firstSeq, lastSeq };
}

/**
 * The log straight from a control plane, over gRPC: WatchLog for records and
 * heads. Goes on trying for ever, with jitter; a position that the control
 * plane no longer has becomes `behind`, and a snapshot is needed.
 */
import { fromServiceError, headBeaconFromWire, LIMITS, positionToWire } from '@flagstream/protocol';
import type { LogServiceClient, WatchLogResponse } from '@flagstream/protocol/gen/flagstream/v1/log';
import {
  Backoff,
  type LogListener,
  type LogSource,
  type LogSubscription,
  type Position,
  type SourceStatus,
} from '@flagstream/replica';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { lastPosition } from './last-position.ts';

/**
 * A stream on which no message has ended for this long is opened anew. That the connection is dead is noticed
 * far sooner, by the channel's own pings (open-sources.ts): they are heard between the parts of a message, and
 * one that holds a large record takes its time on a slow line.
 */
const SILENCE_MS = LIMITS.ackTimeoutMs;
const BACKOFF = { baseMs: 100, capMs: 5_000 };

export class WatchLogSource implements LogSource {
  readonly #client: LogServiceClient;
  readonly #random: () => number;

  constructor(client: LogServiceClient, random: () => number) {
    this.#client = client;
    this.#random = random;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new WatchLogSubscription(this.#client, this.#random, after, listener);
  }
}

class WatchLogSubscription implements LogSubscription {
  readonly #client: LogServiceClient;
  readonly #listener: LogListener;
  readonly #backoff: Backoff;
  /** Delivered last. */
  #after: Position;
  #call: ClientReadableStream<WatchLogResponse> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status: SourceStatus['kind'] | undefined;
  #closed = false;

  constructor(client: LogServiceClient, random: () => number, after: Position, listener: LogListener) {
    this.#client = client;
    this.#after = after;
    this.#listener = listener;
    this.#backoff = new Backoff(BACKOFF, random);
    this.#connect();
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#call?.cancel();
    return Promise.resolve();
  }

  #connect(): void {
    const call = this.#client.watchLog({
      after: this.#after.revision === 0 ? undefined : positionToWire(this.#after),
    });
    this.#call = call;
    this.#expectWord();
    call.on('data', (message: WatchLogResponse) => this.#take(message));
    call.on('error', (error: ServiceError) => this.#ended(error));
    call.on('end', () => this.#ended(undefined));
  }

  #take(message: WatchLogResponse): void {
    if (this.#closed) return;
    this.#expectWord();
    this.#backoff.reset();
    this.#tell({ kind: 'live' });
    switch (message.event?.$case) {
      case 'records':
        this.#deliver(message.event.value.records);
        break;
      case 'head':
        this.#listener.head(headBeaconFromWire(message.event.value));
        break;
    }
  }

  #deliver(records: readonly Uint8Array[]): void {
    // Where it cannot be read, a reconnect repeats it.
    this.#after = lastPosition(records) ?? this.#after;
    this.#listener.records(records);
  }

  #expectWord(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#call?.cancel(), SILENCE_MS);
  }

  #ended(error: ServiceError | undefined): void {
    if (this.#closed || this.#call === undefined) return;
    this.#call = undefined;
    clearTimeout(this.#timer);
    const failure = error === undefined ? undefined : fromServiceError(error);
    if (failure?.reason === 'BEHIND_WINDOW' || failure?.reason === 'REVISION_FORKED') {
      // Where to continue is the follower's decision: it takes a snapshot and opens again.
      this.#tell({ kind: 'behind', firstRevision: 0, detail: failure.message });
      return;
    }
    this.#tell({ kind: 'down', detail: failure?.message ?? 'the control plane ended the stream' });
    this.#timer = setTimeout(() => this.#connect(), this.#backoff.nextMs());
  }

  #tell(status: SourceStatus): void {
    if (this.#status === status.kind) return;
    this.#status = status.kind;
    this.#listener.status(status);
  }
}

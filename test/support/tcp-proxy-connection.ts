// One connection through the TCP proxy: two pipes, one per direction, each with the fault that is set. Memory
// is bounded: a pipe that keeps bytes back stops reading at QUEUE_BYTES_MAX, so that its sender's window fills.

import { connect, type Socket } from 'node:net';
import type { Fault } from './tcp-proxy.ts';

/** From the client to the server, or back. */
export type Direction = 'up' | 'down';

export interface ConnectionEvents {
  took(direction: Direction, bytes: number): void;
  dropped(bytes: number): void;
  ended(): void;
}

const QUEUE_BYTES_MAX = 4 * 1_048_576;
/** A slow direction passes a part of what it may in a second, then waits this long. */
const SLICE_MS = 20;

export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #pipes: readonly [Pipe, Pipe];
  readonly #events: ConnectionEvents;
  #ended = false;

  constructor(client: Socket, targetPort: number, events: ConnectionEvents) {
    this.#client = client;
    this.#events = events;
    this.#server = connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true });
    for (const socket of [client, this.#server]) socket.setNoDelay(true);
    const both = {
      took: events.took,
      dropped: events.dropped,
      finished: () => this.#endIfFinished(),
      exceeded: () => this.reset(),
    };
    this.#pipes = [new Pipe('up', client, this.#server, both), new Pipe('down', this.#server, client, both)];
  }

  get heldBytes(): number {
    return this.#pipes[0].queuedBytes + this.#pipes[1].queuedBytes;
  }

  set(fault: Fault): void {
    if (fault.kind === 'cut') this.#close();
    else if (fault.kind === 'none' && this.#pipes.some((pipe) => pipe.lossy)) this.reset();
    else for (const pipe of this.#pipes) pipe.set(fault);
    if (fault.kind === 'half-open') this.#server.destroy();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.#end();
  }

  #close(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#end();
  }

  #endIfFinished(): void {
    if (this.#pipes.every((pipe) => pipe.finished)) this.#close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pipe of this.#pipes) pipe.stop();
    this.#events.ended();
  }
}

interface PipeEvents {
  took(direction: Direction, bytes: number): void;
  dropped(bytes: number): void;
  finished(): void;
  exceeded(): void;
}

interface Queued {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** One direction: what `from` says is told to `to`, unless the fault is against it. */
class Pipe {
  /** Bytes, or the end, were swallowed: whatever comes later must not arrive. */
  lossy = false;
  /** The end of `from` has been passed on. */
  finished = false;
  queuedBytes = 0;
  readonly #direction: Direction;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #events: PipeEvents;
  readonly #queue: Queued[] = [];
  #ways: 'pass' | 'drop' | 'hold' = 'pass';
  #delayMs = 0;
  /** Of one write, and of SLICE_MS where it is limited. */
  #sliceBytes = Number.POSITIVE_INFINITY;
  #nextSliceMs = 0;
  #bytesLeft = Number.POSITIVE_INFINITY;
  #fromEnded = false;
  /** Reset, or never connected. */
  #broken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(direction: Direction, from: Socket, to: Socket, events: PipeEvents) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#events = events;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.once('end', () => this.#noteEnd());
    from.on('error', () => {
      this.#broken = true;
      this.#noteEnd();
    });
    from.once('close', () => this.#noteEnd());
    to.on('drain', () => this.#flush());
  }

  set(fault: Fault): void {
    const here = 'direction' in fault && (fault.direction === 'both' || fault.direction === this.#direction);
    const was = this.#ways;
    this.#ways = 'pass';
    if (fault.kind === 'half-open' || (fault.kind === 'drop' && here)) this.#ways = 'drop';
    if (fault.kind === 'hold' && here) this.#ways = 'hold';
    if (this.lossy) this.#ways = 'drop';
    this.#delayMs = fault.kind === 'delay' ? fault.delayMs : 0;
    this.#sliceBytes =
      fault.kind === 'slow' ? Math.ceil((fault.bytesPerSecond * SLICE_MS) / 1_000) : Number.POSITIVE_INFINITY;
    this.#bytesLeft = fault.kind === 'limit' && here ? fault.bytes : Number.POSITIVE_INFINITY;
    if (this.#ways === 'drop') this.#discard();
    if (was === 'hold' || this.#ways === 'pass') this.#flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.queuedBytes = 0;
  }

  #take(bytes: Buffer): void {
    this.#events.took(this.#direction, bytes.length);
    if (this.#ways === 'drop') {
      this.lossy = true;
      this.#events.dropped(bytes.length);
      return;
    }
    this.#queue.push({ bytes, dueMs: performance.now() + this.#delayMs });
    this.queuedBytes += bytes.length;
    this.#flush();
  }

  #noteEnd(): void {
    if (this.#fromEnded) return;
    this.#fromEnded = true;
    if (this.#ways === 'drop') this.lossy = true;
    this.#flush();
  }

  #discard(): void {
    if (this.#queue.length === 0) return;
    this.lossy = true;
    this.#events.dropped(this.queuedBytes);
    this.stop();
  }

  /** Passes on what is due; reads on while there is room. */
  #flush(): void {
    clearTimeout(this.#timer);
    while (this.#ways === 'pass' && this.#queue.length > 0 && this.#hasRoom()) {
      const next = this.#queue[0]!;
      const waitMs = Math.max(next.dueMs, this.#nextSliceMs) - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), waitMs);
        break;
      }
      const slice = next.bytes.subarray(0, Math.min(next.bytes.length, this.#sliceBytes));
      if (slice.length === next.bytes.length) this.#queue.shift();
      else this.#queue[0] = { ...next, bytes: next.bytes.subarray(slice.length) };
      this.queuedBytes -= slice.length;
      if (Number.isFinite(this.#sliceBytes)) this.#nextSliceMs = performance.now() + SLICE_MS;
      if (!this.#write(slice)) {
        this.#events.exceeded();
        return;
      }
    }
    if (this.queuedBytes >= QUEUE_BYTES_MAX) this.#from.pause();
    else this.#from.resume();
    if (this.#fromEnded && this.#ways === 'pass' && this.#queue.length === 0 && !this.finished) {
      this.finished = true;
      // Of a broken connection the other end hears by a close, after whatever still was on its way.
      if (this.#broken) this.#to.destroySoon();
      else this.#to.end();
      this.#events.finished();
    }
  }

  /** An end that is gone takes everything. */
  #hasRoom(): boolean {
    return this.#to.destroyed || !this.#to.writableNeedDrain;
  }

  /** False when the byte limit ends the connection here. */
  #write(bytes: Buffer): boolean {
    const part = bytes.subarray(0, Math.min(bytes.length, this.#bytesLeft));
    this.#bytesLeft -= part.length;
    if (this.#to.writable) this.#to.write(part);
    return part.length === bytes.length;
  }
}

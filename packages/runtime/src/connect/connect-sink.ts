/**
 * What a handler of a stream writes to where gRPC is not spoken: the same events and the same backpressure as grpc-js's
 * stream, with a reader that asks for one message after the other.
 *
 * Holds true: a message counts as taken once its reader asks for the next, so what waits is bounded by the handler's own
 * respect for writableNeedDrain. A reader that has one and does not ask for the next in time is cut: no end would reach it.
 */
import { Writable } from 'node:stream';
import type { FileRegistry } from '@bufbuild/protobuf';
import { Metadata, type ServerWritableStream, type ServiceError } from '@grpc/grpc-js';
import type { ConnectCall } from './connect-call.ts';
import { callerLeft, connectError, trailersOf } from './connect-error.ts';

interface Waiting {
  readonly message: unknown;
  readonly taken: () => void;
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: Error) => void;
}

export interface SinkParts {
  readonly call: ConnectCall;
  readonly registry: FileRegistry;
  readonly headers: (name: string, value: string) => void;
  readonly trailers: (name: string, value: string) => void;
}

/** So far. */
let streams = 0;

export class ConnectSink extends Writable implements AsyncIterableIterator<unknown, undefined> {
  readonly request: unknown;
  readonly metadata: Metadata;
  cancelled = false;
  readonly #parts: SinkParts;
  readonly #peer: string;
  #waiting: Waiting | undefined;
  #taken: (() => void) | undefined;
  #reader: Reader | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #over = false;

  constructor(parts: SinkParts) {
    super({ objectMode: true });
    this.#parts = parts;
    streams += 1;
    this.#peer = `${parts.call.getPeer()} stream ${streams}`;
    this.request = parts.call.request;
    this.metadata = parts.call.metadata;
    // As grpc-js does: an error that is told ends the stream, after what was written.
    this.on('error', (error: Error) => {
      if (this.#failure !== undefined || this.#over) return;
      this.#failure = connectError(error, parts.registry);
      for (const [name, value] of trailersOf((error as Partial<ServiceError>).metadata))
        parts.trailers(name, value);
      this.end();
    });
  }

  /** Of this stream alone: a connection of HTTP/1.1 may be a proxy's, which lends it to one client after the other. */
  getPeer(): string {
    return this.#peer;
  }

  getPath(): string {
    return this.#parts.call.path;
  }

  getDeadline(): number {
    return this.#parts.call.getDeadline();
  }

  sendMetadata(metadata: Metadata): void {
    for (const [name, value] of trailersOf(metadata)) this.#parts.headers(name, value);
  }

  /** As grpc-js has it: with what is sent last. */
  override end(trailers?: unknown): this {
    if (trailers instanceof Metadata)
      for (const [name, value] of trailersOf(trailers)) this.#parts.trailers(name, value);
    return super.end();
  }

  /** As a handler sees it. */
  asStream(): ServerWritableStream<unknown, unknown> {
    return this as unknown as ServerWritableStream<unknown, unknown>;
  }

  override _write(message: unknown, _encoding: BufferEncoding, taken: () => void): void {
    this.#waiting = { message, taken };
    this.#deliver();
  }

  override _final(callback: () => void): void {
    callback();
    this.#over = true;
    this.#deliver();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    callback(error);
    this.cancel(error ?? callerLeft());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      clearTimeout(this.#stalled);
      const taken = this.#taken;
      this.#taken = undefined;
      taken?.();
      this.#deliver();
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.cancel(callerLeft());
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Its reader is gone, its time is over, or it has ended. */
  cancel(reason: Error): void {
    if (this.cancelled) return;
    this.cancelled = true;
    if (!this.#over) this.#failure = reason;
    this.#over = true;
    this.#waiting = undefined;
    clearTimeout(this.#stalled);
    this.#deliver();
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.#waiting !== undefined) {
      const { message, taken } = this.#waiting;
      this.#waiting = undefined;
      this.#reader = undefined;
      this.#taken = taken;
      const { call } = this.#parts;
      this.#stalled = setTimeout(() => call.reset(), call.streamStallMs).unref();
      reader.resolve({ done: false, value: message });
    } else if (this.#over) {
      this.#reader = undefined;
      if (this.#failure === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(this.#failure);
      // As grpc-js does once the status is sent: who waits for the call's end hears of it.
      if (!this.cancelled) setImmediate(() => this.cancel(callerLeft()));
    }
  }
}

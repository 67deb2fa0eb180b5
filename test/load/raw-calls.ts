// Unary calls over HTTP/2 with as little work for each as can be: frames are written by hand and read by hand, so that
// one core offers a server many times what it can answer. Keeps what the peer asks for: streams at once, and the window.

import { connect, type Socket } from 'node:net';
import { literalFields } from './hpack-literals.ts';
import {
  ACK,
  CANCEL,
  callBlock,
  DATA,
  END_HEADERS,
  END_STREAM,
  FIRST_WINDOW_BYTES,
  type Frame,
  FrameReader,
  frame,
  GOAWAY,
  HEADERS,
  opening,
  PING,
  pong,
  RST_STREAM,
  SETTING_HEADER_TABLE_SIZE,
  SETTING_STREAMS_MAX,
  SETTING_WINDOW,
  SETTINGS,
  SETTINGS_TAKEN,
  settingsOf,
  uint32,
  WINDOW_UPDATE,
} from './http2-frames.ts';

export interface CallEnd {
  /** 0: answered. */
  readonly status: number;
  /** What a refusal asks for. */
  readonly retryAfterMs: number | undefined;
}

export interface RawCallsOptions {
  readonly port: number;
  readonly path: string;
  readonly deadlineMs: number;
  /** A message with its head. */
  readonly body: Buffer;
  /** Of the call that `send` has numbered so. */
  readonly ended: (call: number, end: CallEnd) => void;
  /** The peer had no room for it and has done nothing of it: it may be sent again at once. */
  readonly refused: (call: number) => void;
  /** Nothing can be sent any more; calls on their way get no end. */
  readonly closed: (why: string) => void;
}

const WINDOW_BYTES_MAX = 2 ** 31 - 1;
const RESOURCE_EXHAUSTED = 8;
/** Until the peer has said how many. */
const STREAMS_AT_FIRST = 100;

export class RawCalls {
  readonly #options: RawCallsOptions;
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #bodyAt: number;
  /** Whether its answer has come, by stream. */
  readonly #open = new Map<number, boolean>();
  #nextStream = 1;
  #streamsMax = STREAMS_AT_FIRST;
  #windowBytes = FIRST_WINDOW_BYTES;
  readonly #reader = new FrameReader();
  #waiting: Buffer[] = [];
  #isClosed = false;
  #isLeaving = false;
  #cancelled = 0;

  constructor(options: RawCallsOptions) {
    this.#options = options;
    const block = callBlock(
      { scheme: 'http', path: options.path, authority: '127.0.0.1' },
      { 'grpc-timeout': timeoutText(options.deadlineMs) },
    );
    const headers = frame(HEADERS, END_HEADERS, 0, block);
    this.#bodyAt = headers.length;
    this.#request = Buffer.concat([headers, frame(DATA, END_STREAM, 0, options.body)]);
    this.#socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    this.#socket.write(
      Buffer.concat([
        opening([
          [SETTING_HEADER_TABLE_SIZE, 0],
          [SETTING_WINDOW, WINDOW_BYTES_MAX],
        ]),
        frame(WINDOW_UPDATE, 0, 0, uint32(WINDOW_BYTES_MAX - FIRST_WINDOW_BYTES)),
      ]),
    );
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', (error) => this.#close(error.message));
    this.#socket.on('close', () => this.#close('the server closed the connection'));
  }

  /** Whether the peer takes one more call now. */
  get hasRoom(): boolean {
    return (
      !this.#isClosed &&
      !this.#isLeaving &&
      this.#open.size < this.#streamsMax &&
      this.#windowBytes >= this.#options.body.length
    );
  }

  /**
   * Its number. What is sent leaves with `flush`.
   * @param leftMs until its deadline
   */
  send(leftMs: number): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const request = Buffer.from(this.#request);
    request.writeUInt32BE(stream, 5);
    request.writeUInt32BE(stream, this.#bodyAt + 5);
    // It is the last of the headers.
    request.write(timeoutText(leftMs), this.#bodyAt - TIMEOUT_LENGTH, 'latin1');
    this.#waiting.push(request);
    this.#windowBytes -= this.#options.body.length;
    this.#open.set(stream, false);
    return stream;
  }

  cancel(call: number): void {
    if (!this.#open.delete(call)) return;
    this.#cancelled += 1;
    this.#waiting.push(frame(RST_STREAM, 0, call, uint32(CANCEL)));
  }

  flush(): void {
    if (this.#waiting.length > 0 && !this.#isClosed) this.#socket.write(Buffer.concat(this.#waiting));
    this.#waiting = [];
    if (this.#isLeaving && this.#open.size === 0) this.#close('the server said goodbye, and has answered');
  }

  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #close(why: string): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#options.closed(why);
  }

  #read(bytes: Buffer): void {
    for (const one of this.#reader.take(bytes)) this.#take(one);
  }

  #take({ type, flags, stream, payload }: Frame): void {
    switch (type) {
      case DATA:
        if (this.#open.has(stream)) this.#open.set(stream, true);
        return;
      case HEADERS:
        if ((flags & END_STREAM) !== 0) this.#end(stream, payload);
        return;
      case RST_STREAM:
        if (this.#open.delete(stream)) this.#options.refused(stream);
        return;
      case SETTINGS:
        if ((flags & ACK) === 0) this.#settings(payload);
        return;
      case PING:
        if ((flags & ACK) === 0) this.#waiting.push(pong(payload));
        return;
      case WINDOW_UPDATE:
        if (stream === 0) this.#windowBytes += payload.readUInt32BE(0);
        return;
      case GOAWAY:
        this.#goodbye(payload.readUInt32BE(0) & 0x7fffffff, payload.readUInt32BE(4));
    }
  }

  /** In order: what the peer has heard of it answers, of the rest it has done nothing. */
  #goodbye(lastStream: number, code: number): void {
    if (code !== 0) {
      const calls = (this.#nextStream - 1) / 2;
      this.#close(
        `the server said goodbye (${code}) after ${calls} calls, ${this.#cancelled} of them cancelled`,
      );
      return;
    }
    this.#isLeaving = true;
    for (const stream of [...this.#open.keys()])
      if (stream > lastStream && this.#open.delete(stream)) this.#options.refused(stream);
  }

  /** An answer is a message and its trailers; trailers alone are a refusal. */
  #end(stream: number, block: Buffer): void {
    const wasAnswered = this.#open.get(stream);
    if (wasAnswered === undefined) return;
    this.#open.delete(stream);
    if (wasAnswered) {
      this.#options.ended(stream, { status: 0, retryAfterMs: undefined });
      return;
    }
    const fields = literalFields(block);
    const pushback = fields.get('grpc-retry-pushback-ms');
    this.#options.ended(stream, {
      status: Number(fields.get('grpc-status') ?? RESOURCE_EXHAUSTED),
      retryAfterMs: pushback === undefined ? undefined : Number(pushback),
    });
  }

  #settings(payload: Buffer): void {
    for (const [setting, value] of settingsOf(payload))
      if (setting === SETTING_STREAMS_MAX) this.#streamsMax = value;
    this.#waiting.push(SETTINGS_TAKEN);
  }
}

const TIMEOUT_LENGTH = 8;

/** Always as long. */
function timeoutText(ms: number): string {
  return `${String(Math.max(1, Math.floor(ms))).padStart(TIMEOUT_LENGTH - 1, '0')}m`;
}

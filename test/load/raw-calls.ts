// Unary calls over HTTP/2 with as little work for each as can be: frames are written by hand and read by hand, so that
// one core offers a server many times what it can answer. Keeps what the peer asks for: streams at once, and the window.

import { connect, type Socket } from 'node:net';
import { literalFields } from './hpack-literals.ts';

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

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const HEAD_BYTES = 9;
const SETTING_HEADER_TABLE_SIZE = 1;
const SETTING_STREAMS_MAX = 3;
const SETTING_WINDOW = 4;
const FIRST_WINDOW_BYTES = 65_535;
const WINDOW_BYTES_MAX = 2 ** 31 - 1;
const CANCEL = 8;
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
  #unread: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  #isClosed = false;

  constructor(options: RawCallsOptions) {
    this.#options = options;
    const block = headerBlock(options.path, options.deadlineMs);
    const headers = frame(HEADERS, END_HEADERS, 0, block);
    this.#bodyAt = headers.length;
    this.#request = Buffer.concat([headers, frame(DATA, END_STREAM, 0, options.body)]);
    this.#socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    this.#socket.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        frame(
          SETTINGS,
          0,
          0,
          settings([
            [SETTING_HEADER_TABLE_SIZE, 0],
            [SETTING_WINDOW, WINDOW_BYTES_MAX],
          ]),
        ),
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
      !this.#isClosed && this.#open.size < this.#streamsMax && this.#windowBytes >= this.#options.body.length
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
    if (this.#open.delete(call)) this.#waiting.push(frame(RST_STREAM, 0, call, uint32(CANCEL)));
  }

  flush(): void {
    if (this.#waiting.length > 0 && !this.#isClosed) this.#socket.write(Buffer.concat(this.#waiting));
    this.#waiting = [];
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
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const length = all.readUIntBE(at, 3);
      if (all.length - at < HEAD_BYTES + length) break;
      const payload = all.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
      this.#take(all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5), payload);
      at += HEAD_BYTES + length;
    }
    this.#unread = all.subarray(at);
  }

  #take(type: number, flags: number, stream: number, payload: Buffer): void {
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
        if ((flags & ACK) === 0) this.#waiting.push(frame(PING, ACK, 0, payload));
        return;
      case WINDOW_UPDATE:
        if (stream === 0) this.#windowBytes += payload.readUInt32BE(0);
        return;
      case GOAWAY:
        this.#close(`the server said goodbye (${payload.readUInt32BE(4)})`);
    }
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
    for (let at = 0; at < payload.length; at += 6)
      if (payload.readUInt16BE(at) === SETTING_STREAMS_MAX) this.#streamsMax = payload.readUInt32BE(at + 2);
    this.#waiting.push(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
  }
}

function headerBlock(path: string, deadlineMs: number): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  const field = (name: string, value: string): Buffer =>
    Buffer.concat([Buffer.of(0), text(name), text(value)]);
  return Buffer.concat([
    field(':method', 'POST'),
    field(':scheme', 'http'),
    field(':path', path),
    field(':authority', '127.0.0.1'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    field('grpc-timeout', timeoutText(deadlineMs)),
  ]);
}

const TIMEOUT_LENGTH = 8;

/** Always as long. */
function timeoutText(ms: number): string {
  return `${String(Math.max(1, Math.floor(ms))).padStart(TIMEOUT_LENGTH - 1, '0')}m`;
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, HEAD_BYTES);
  return bytes;
}

function settings(entries: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(entries.length * 6);
  entries.forEach(([setting, value], index) => {
    bytes.writeUInt16BE(setting, index * 6);
    bytes.writeUInt32BE(value, index * 6 + 2);
  });
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

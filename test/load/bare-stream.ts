// One gRPC stream over a TCP connection of its own, its frames written and read by hand. A client of node:http2 takes
// 0.7 ms of CPU to connect, as much as the server, and a channel of grpc-js twice that: ten thousand that come back at
// once would measure themselves. Keeps the windows that both sides have, so that a reader who does not read is held back.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type FlagstreamError, fail } from '@flagstream/protocol';
import { errorOf, type Headers } from './call-status.ts';
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
  SETTING_ENABLE_PUSH,
  SETTING_HEADER_TABLE_SIZE,
  SETTING_WINDOW,
  SETTINGS,
  SETTINGS_TAKEN,
  settingsOf,
  uint32,
  WINDOW_UPDATE,
} from './http2-frames.ts';
import { framed, MessageReader } from './message-reader.ts';

/** How clients reach an evaluator. */
export interface Way {
  /** PEM; absent: plaintext. */
  readonly authority?: string;
  readonly apiKey?: string;
  /** Address of this machine to connect from: each has some 28,000 ports for one server. */
  readonly localAddress?: string;
}

export interface BareListener {
  /** As soon as it is read. */
  message(bytes: Buffer): void;
  /** Once; absent: the server ended the stream with status OK. */
  ended(error: FlagstreamError | undefined): void;
}

const STREAM = 1;
const NOTHING = Buffer.alloc(0);
const HELLO: Buffer = opening([
  [SETTING_HEADER_TABLE_SIZE, 0],
  [SETTING_ENABLE_PUSH, 0],
]);

export class BareStream {
  readonly #socket: Socket;
  readonly #listener: BareListener;
  readonly #frames = new FrameReader();
  readonly #messages = new MessageReader();
  #status: Headers | undefined;
  #failure = 'the connection was closed';
  #open = true;
  /** Nothing more is sent. */
  #ended = false;
  /** What the server still takes, of the stream and of the connection. */
  #streamWindow = FIRST_WINDOW_BYTES;
  #connectionWindow = FIRST_WINDOW_BYTES;
  #serversWindow = FIRST_WINDOW_BYTES;
  /** Frames of data that wait for it. */
  #waiting: Buffer[] = [];
  /** Read, and not given back to the server's windows. */
  #readBytes = 0;

  /** @param endpoint host:port */
  constructor(endpoint: string, path: string, way: Way, listener: BareListener) {
    this.#listener = listener;
    this.#socket = open(endpoint, way);
    this.#socket.setNoDelay(true);
    this.#socket.write(beginning(endpoint, path, way));
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', (error: Error) => this.#failed(error));
    this.#socket.on('close', () => this.#end(errorOf(this.#status, this.#failure)));
  }

  send(message: Uint8Array): void {
    if (!this.#open || this.#ended) return;
    this.#waiting.push(framed(message));
    this.#flush();
  }

  end(): void {
    if (!this.#open || this.#ended) return;
    this.#ended = true;
    this.#flush();
  }

  /** Without a word: the connection is gone. */
  cancel(): void {
    this.#socket.write(frame(RST_STREAM, 0, STREAM, uint32(CANCEL)));
    this.#socket.destroySoon();
    queueMicrotask(() => this.#end(fail('CANCELLED', 'the client ended the stream')));
  }

  #flush(): void {
    const frames: Buffer[] = [];
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.length > Math.min(this.#streamWindow, this.#connectionWindow)) break;
      this.#waiting.shift();
      this.#streamWindow -= next.length;
      this.#connectionWindow -= next.length;
      frames.push(frame(DATA, 0, STREAM, next));
    }
    if (this.#ended && this.#waiting.length === 0) frames.push(frame(DATA, END_STREAM, STREAM, NOTHING));
    if (frames.length > 0) this.#socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  #read(bytes: Buffer): void {
    try {
      for (const one of this.#frames.take(bytes)) if (this.#open) this.#take(one);
      this.#giveBack();
    } catch (error) {
      this.#failed(error as Error);
      this.#socket.destroy();
    }
  }

  #take({ type, flags, stream, payload }: Frame): void {
    switch (type) {
      case DATA:
        this.#readBytes += payload.length;
        for (const message of this.#messages.take(payload)) if (this.#open) this.#listener.message(message);
        if ((flags & END_STREAM) !== 0) this.#close();
        return;
      case HEADERS:
        if ((flags & END_STREAM) === 0) return;
        this.#status = Object.fromEntries(literalFields(payload));
        this.#close();
        return;
      case RST_STREAM:
        this.#failure = `the server reset the stream (${payload.readUInt32BE(0)})`;
        this.#close();
        return;
      case SETTINGS:
        if ((flags & ACK) === 0) this.#settings(payload);
        return;
      case PING:
        if ((flags & ACK) === 0) this.#socket.write(pong(payload));
        return;
      case WINDOW_UPDATE:
        if (stream === 0) this.#connectionWindow += payload.readUInt32BE(0);
        else this.#streamWindow += payload.readUInt32BE(0);
        if (this.#waiting.length > 0) this.#flush();
        return;
      case GOAWAY:
        this.#failure = `the server said goodbye (${payload.readUInt32BE(4)})`;
    }
  }

  #settings(payload: Buffer): void {
    for (const [setting, value] of settingsOf(payload))
      if (setting === SETTING_WINDOW) {
        this.#streamWindow += value - this.#serversWindow;
        this.#serversWindow = value;
      }
    this.#socket.write(SETTINGS_TAKEN);
  }

  /** As node:http2 does: once half a window is used. */
  #giveBack(): void {
    if (!this.#open || this.#readBytes * 2 < FIRST_WINDOW_BYTES) return;
    const bytes = uint32(this.#readBytes);
    this.#readBytes = 0;
    this.#socket.write(
      Buffer.concat([frame(WINDOW_UPDATE, 0, 0, bytes), frame(WINDOW_UPDATE, 0, STREAM, bytes)]),
    );
  }

  /** The stream is over, and the connection with it. */
  #close(): void {
    if (!this.#ended) this.end();
    this.#end(errorOf(this.#status, this.#failure));
  }

  #failed(error: Error): void {
    this.#failure = error.message;
  }

  #end(error: FlagstreamError | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.destroySoon();
    this.#listener.ended(error);
  }
}

const BEGINNINGS = new Map<string, Buffer>();

/** What all streams to one place begin with. */
function beginning(endpoint: string, path: string, { authority, apiKey }: Way): Buffer {
  const key = `${endpoint} ${path} ${authority === undefined} ${apiKey}`;
  let bytes = BEGINNINGS.get(key);
  if (bytes === undefined) {
    const scheme = authority === undefined ? 'http' : 'https';
    const block = callBlock(
      { scheme, path, authority: endpoint },
      apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    );
    bytes = Buffer.concat([HELLO, frame(HEADERS, END_HEADERS, STREAM, block)]);
    BEGINNINGS.set(key, bytes);
  }
  return bytes;
}

function open(endpoint: string, { authority, localAddress }: Way): Socket {
  const [host, port] = [
    endpoint.slice(0, endpoint.lastIndexOf(':')),
    Number(endpoint.slice(endpoint.lastIndexOf(':') + 1)),
  ];
  const to = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  return authority === undefined
    ? connect(to)
    : // Certificates name localhost too; an address is no server name.
      connectTls({ ...to, ca: authority, servername: 'localhost', ALPNProtocols: ['h2'] });
}

// One gRPC stream over a TCP connection of its own, by node:http2 and nothing else: through a channel of grpc-js a client
// takes twice the CPU, to connect and for each change, and a load process is to hold thousands.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { type FlagstreamError, fail } from '@flagstream/protocol';
import { errorOf, type Headers } from './call-status.ts';
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

export class BareStream {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #listener: BareListener;
  readonly #reader = new MessageReader();
  #status: Headers | undefined;
  #failure = 'the connection was closed';
  #open = true;

  /** @param endpoint host:port */
  constructor(endpoint: string, path: string, way: Way, listener: BareListener) {
    this.#listener = listener;
    const { authority, apiKey, localAddress } = way;
    this.#session = connect(`${authority === undefined ? 'http' : 'https'}://${endpoint}`, {
      settings: { enablePush: false },
      ...(localAddress === undefined ? {} : { localAddress }),
      // Certificates name localhost too; an address is no server name.
      ...(authority === undefined ? {} : { ca: authority, servername: 'localhost' }),
    });
    this.#session.on('error', (error: Error) => this.#failed(error));
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    });
    this.#stream.on('response', (headers) => this.#heard(headers));
    this.#stream.on('trailers', (headers) => this.#heard(headers));
    this.#stream.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#stream.on('end', () => this.#stream.end());
    this.#stream.on('error', (error: Error) => this.#failed(error));
    this.#stream.on('close', () => this.#end(errorOf(this.#status, this.#failure)));
  }

  send(message: Uint8Array): void {
    if (this.#open && !this.#stream.writableEnded) this.#stream.write(framed(message));
  }

  end(): void {
    if (this.#open) this.#stream.end();
  }

  /** Without a word: the connection is gone. */
  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
    queueMicrotask(() => this.#end(fail('CANCELLED', 'the client ended the stream')));
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#reader.take(chunk)) if (this.#open) this.#listener.message(message);
    } catch (error) {
      this.#failed(error as Error);
      this.#session.destroy();
    }
  }

  /** Also of a stream that has nothing but a status. */
  #heard(headers: Headers): void {
    if (headers['grpc-status'] !== undefined) this.#status = headers;
  }

  #failed(error: Error): void {
    this.#failure = error.message;
  }

  #end(error: FlagstreamError | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#session.destroy();
    this.#listener.ended(error);
  }
}

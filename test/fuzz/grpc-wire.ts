// gRPC by hand over Node's HTTP/2 client: headers, message frames and their ends as a caller wants them, also as no
// gRPC library would send them.

import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { ErrorInfo } from '@flagstream/protocol/gen/google/rpc/error_details';
import { Status } from '@flagstream/protocol/gen/google/rpc/status';
import { status } from '@grpc/grpc-js';
import { record } from '../support/recording.ts';

export interface WireCall {
  readonly path: string;
  /** Beside those that gRPC asks for; one of the same name wins. */
  readonly headers?: OutgoingHttpHeaders;
  /** DATA, in these portions. */
  readonly portions: readonly Uint8Array[];
  /** The caller says that it is done. Default true. */
  readonly halfClose?: boolean;
  /** Resets the stream so long after it was sent, or after so many messages. For what never ends by itself. */
  readonly leaveAfterMs?: number;
  readonly leaveAfterMessages?: number;
}

/** How a call ended, as the caller sees it. */
export interface WireAnswer {
  readonly end: 'answered' | 'reset' | 'left' | 'silent' | 'unsent';
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly message: string;
  /** Of the ErrorInfo in the trailers. */
  readonly reason: string | undefined;
  readonly messages: number;
}

/** A call that nobody leaves is answered within this; it is far beyond every wait that the service has. */
const SILENT_MS = 20_000;
/** A session is left after so many calls: what one of them did to it must not shape all that follow. */
const CALLS_PER_SESSION = 200;

/** gRPC's frame around a message. */
export function framed(message: Uint8Array, compressed = 0, length = message.length): Uint8Array {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

export class GrpcWire {
  readonly #port: number;
  #session: ClientHttp2Session | undefined;
  #calls = 0;

  constructor(port: number) {
    this.#port = port;
  }

  close(): void {
    this.#session?.destroy();
  }

  call(options: WireCall): Promise<WireAnswer> {
    const headers = {
      ':method': 'POST',
      ':path': options.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...options.headers,
    };
    return new Promise((resolve) => {
      let stream: ReturnType<ClientHttp2Session['request']>;
      try {
        stream = this.#current().request(headers, { endStream: false });
      } catch (error) {
        // Node's own client sends no such headers.
        resolve({ ...NOTHING, end: 'unsent', message: String(error) });
        return;
      }
      const seen = { ...NOTHING, end: 'reset' as WireAnswer['end'] };
      const leave = (end: 'left' | 'silent'): void => {
        if (seen.grpcStatus === undefined) seen.end = end;
        stream.close(constants.NGHTTP2_CANCEL);
        // What the listener never took would hold it open.
        stream.destroy();
      };
      const timers = [setTimeout(() => leave('silent'), SILENT_MS)];
      if (options.leaveAfterMs !== undefined)
        timers.push(setTimeout(() => leave('left'), options.leaveAfterMs));
      const read = (received: Record<string, unknown>): void => {
        if (received[':status'] !== undefined) seen.httpStatus = Number(received[':status']);
        if (received['grpc-status'] === undefined) return;
        seen.end = 'answered';
        seen.grpcStatus = Number(received['grpc-status']);
        seen.message = String(received['grpc-message'] ?? '');
        seen.reason = reasonOf(received['grpc-status-details-bin']);
        if (seen.grpcStatus !== status.OK)
          record(
            'refusal',
            options.path,
            `${seen.message}\n${String(received['grpc-status-details-bin'] ?? '')}`,
          );
      };
      stream.on('response', read);
      stream.on('trailers', read);
      const counter = new FrameCounter();
      stream.on('data', (chunk: Buffer) => {
        seen.messages += counter.take(chunk);
        if (options.leaveAfterMessages !== undefined && seen.messages >= options.leaveAfterMessages)
          leave('left');
      });
      // The whole answer is there, whatever of the call was not taken.
      stream.once('end', () => stream.destroy());
      // The close that follows tells what is to be told.
      stream.on('error', () => undefined);
      stream.once('close', () => {
        for (const timer of timers) clearTimeout(timer);
        resolve(seen);
      });
      for (const portion of options.portions) stream.write(portion);
      if (options.halfClose !== false) stream.end();
    });
  }

  #current(): ClientHttp2Session {
    const { closed = true, destroyed = true } = this.#session ?? {};
    if (this.#session !== undefined && !closed && !destroyed && this.#calls++ < CALLS_PER_SESSION)
      return this.#session;
    // Its calls go on; the last one closes it.
    this.#session?.close();
    this.#calls = 0;
    const session = connect(`http://127.0.0.1:${this.#port}`, { maxSessionMemory: 256 });
    session.on('error', () => undefined);
    this.#session = session;
    return session;
  }
}

const NOTHING = {
  httpStatus: undefined as number | undefined,
  grpcStatus: undefined as number | undefined,
  message: '',
  reason: undefined as string | undefined,
  messages: 0,
};

function reasonOf(details: unknown): string | undefined {
  if (typeof details !== 'string') return undefined;
  const status = Status.decode(Buffer.from(details, 'base64'));
  const info = status.details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info === undefined ? undefined : ErrorInfo.decode(info.value).reason;
}

/** Counts whole gRPC messages in portions of any size. */
class FrameCounter {
  #head = Buffer.alloc(0);
  #left = 0;

  take(chunk: Buffer): number {
    let found = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) found += 1;
        continue;
      }
      const taken = Math.min(5 - this.#head.length, chunk.length - at);
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + taken)]);
      at += taken;
      if (this.#head.length < 5) break;
      this.#left = this.#head.readUInt32BE(1);
      this.#head = Buffer.alloc(0);
      if (this.#left === 0) found += 1;
    }
    return found;
  }
}

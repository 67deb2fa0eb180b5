/**
 * Messages of one stream that are written in one turn of the event loop, sent
 * together. grpc-js gives HTTP/2 a message at a time, and the next one once the
 * socket has that: a pipeline would pay a turn and a system call for each.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';

/** What is used of grpc-js's call inside a stream, and of HTTP/2's stream inside that. */
interface InsideCall {
  readonly stream: { cork(): void; uncork(): void };
  sendMessage(message: unknown, taken: () => void): void;
}

type OutgoingMessages<Message> = Pick<
  ServerDuplexStream<unknown, Message>,
  'cork' | 'uncork' | 'write' | '_writev'
>;

export class GatheredWrites<Message> {
  readonly #stream: OutgoingMessages<Message>;
  #gathering = false;

  /** Throws when grpc-js has changed inside. */
  constructor(stream: OutgoingMessages<Message>) {
    const { call } = stream as unknown as { readonly call?: Partial<InsideCall> };
    if (typeof call?.sendMessage !== 'function' || typeof call.stream?.cork !== 'function')
      throw new Error('grpc-js no longer has a call inside a stream that takes several messages at once');
    sendTogether(stream, call as InsideCall);
    this.#stream = stream;
  }

  /** @param taken the connection has it */
  write(message: Message, taken: () => void): void {
    if (!this.#gathering) {
      this.#gathering = true;
      this.#stream.cork();
      setImmediate(this.#send);
    }
    this.#stream.write(message, taken);
  }

  readonly #send = (): void => {
    this.#gathering = false;
    this.#stream.uncork();
  };
}

/** Node asks a stream for all that waits, where it can take that. */
function sendTogether(stream: OutgoingMessages<never>, call: InsideCall): void {
  stream._writev = (waiting, taken) => {
    let left = waiting.length;
    call.stream.cork();
    for (const { chunk } of waiting)
      call.sendMessage(chunk, () => {
        left -= 1;
        if (left === 0) taken();
      });
    call.stream.uncork();
  };
}

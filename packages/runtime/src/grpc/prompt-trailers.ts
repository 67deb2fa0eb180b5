/**
 * The trailers of an answer in the packet of its message. Node leaves them to
 * the end of the event loop's turn and writes them in the turn after that: a
 * second system call for each answer, a second packet for its peer, and where a
 * turn is long (ten thousand clients acknowledge), the caller waits for two of
 * them. HTTP/2's library takes trailers just as well while it packs the last of
 * the message, which is when Node asks for them.
 *
 * Node's own handle of the stream is behind a symbol, and takes them in a form
 * of its own. Both are learnt from a call that is ended in the usual way; where
 * Node has changed inside, all calls are.
 *
 * Source: nghttp2_submit_trailer, and NGHTTP2_DATA_FLAG_NO_END_STREAM.
 */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { nodeSymbol } from './node-symbol.ts';

/** What is used of the object that Node keeps a stream in. */
interface StreamHandle {
  /** Negative: the library's error. */
  trailers(list: unknown): number;
}

type Handled = Readonly<Record<symbol, Partial<StreamHandle> | undefined>>;

/** Trailers that are the same in each call. */
export class PromptTrailers {
  #handle: symbol | undefined;
  /** As Node hands them to the library. */
  #list: unknown;
  readonly #trailers: OutgoingHttpHeaders;

  constructor(trailers: OutgoingHttpHeaders) {
    this.#trailers = trailers;
  }

  /** To be called instead of sendTrailers, when the stream asks for them. */
  send(stream: ServerHttp2Stream): void {
    const handle = this.#handle === undefined ? undefined : (stream as unknown as Handled)[this.#handle];
    if (handle === undefined) this.#learn(stream);
    else if (handle.trailers!(this.#list) < 0) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  #learn(stream: ServerHttp2Stream): void {
    const symbol = nodeSymbol(stream, 'kHandle');
    const handle = symbol === undefined ? undefined : (stream as unknown as Handled)[symbol];
    if (typeof handle?.trailers === 'function') {
      handle.trailers = (list) => {
        delete handle.trailers;
        this.#list = list;
        this.#handle = symbol;
        return handle.trailers!(list);
      };
    }
    stream.sendTrailers(this.#trailers);
  }
}

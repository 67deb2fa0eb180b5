/**
 * How many streams a connection may have at once: some unary calls, and beside
 * them the longer streams that it has. Calls beyond that wait at the caller,
 * where they cost nothing. In a socket nobody could refuse them before their
 * callers give up; and who never hears that he is to stay away comes again and
 * again, so that an overload outlives its cause.
 */
import type { ServerHttp2Session } from 'node:http2';

export interface StreamRoomOptions {
  /** Unary calls; what a peer is told at first, before it has any streams. */
  readonly callsMax: number;
  /** Streams of all kinds. */
  readonly streamsMax: number;
}

/** Room for longer streams is made for so many at once: few connections have more, and each change is a frame. */
const STEP = 16;

interface Connection {
  longStreams: number;
  /** What its peer was told last. */
  streamsMax: number;
}

export class StreamRoom {
  readonly #options: StreamRoomOptions;
  readonly #connections = new WeakMap<ServerHttp2Session, Connection>();

  constructor(options: StreamRoomOptions) {
    this.#options = options;
  }

  /** A stream that is no unary call begins. */
  began(session: ServerHttp2Session): void {
    const { callsMax, streamsMax } = this.#options;
    const connection = this.#connections.get(session) ?? { longStreams: 0, streamsMax: callsMax };
    this.#connections.set(session, connection);
    connection.longStreams += 1;
    const wanted = Math.min(streamsMax, callsMax + Math.floor(connection.longStreams / STEP) * STEP);
    // Room that was made once stays: to take it back would refuse what is on its way.
    if (wanted <= connection.streamsMax || session.closed || session.destroyed) return;
    connection.streamsMax = wanted;
    session.settings({ maxConcurrentStreams: wanted });
  }

  /** Such a stream has ended. */
  ended(session: ServerHttp2Session): void {
    const connection = this.#connections.get(session);
    if (connection !== undefined) connection.longStreams -= 1;
  }
}

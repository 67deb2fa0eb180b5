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
  /** Unary calls that it may have. */
  callsMax: number;
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
    const connection = this.#of(session);
    connection.longStreams += 1;
    // Room that was made once stays: to take it back would refuse what is on its way.
    const wanted = this.#wanted(connection);
    if (wanted > connection.streamsMax) tell(session, connection, wanted);
  }

  /** From now on it may have so many unary calls at once, beside its longer streams. */
  give(session: ServerHttp2Session, callsMax: number): void {
    const connection = this.#of(session);
    connection.callsMax = callsMax;
    tell(session, connection, this.#wanted(connection));
  }

  /** Such a stream has ended. */
  ended(session: ServerHttp2Session): void {
    const connection = this.#connections.get(session);
    if (connection !== undefined) connection.longStreams -= 1;
  }

  #of(session: ServerHttp2Session): Connection {
    const { callsMax } = this.#options;
    let connection = this.#connections.get(session);
    if (connection === undefined) {
      connection = { longStreams: 0, callsMax, streamsMax: callsMax };
      this.#connections.set(session, connection);
    }
    return connection;
  }

  #wanted({ callsMax, longStreams }: Connection): number {
    return Math.min(this.#options.streamsMax, callsMax + Math.floor(longStreams / STEP) * STEP);
  }
}

function tell(session: ServerHttp2Session, connection: Connection, streamsMax: number): void {
  if (session.closed || session.destroyed) return;
  connection.streamsMax = streamsMax;
  session.settings({ maxConcurrentStreams: streamsMax });
}

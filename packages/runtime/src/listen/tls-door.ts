/**
 * TLS at the front door: a tls.Server that never listens takes connections
 * that began with a ClientHello, and hands on what is inside. Its certificate
 * changes while connections stay open.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { type HandshakeFailures, handshakeFailure } from '../tls/handshake-failures.ts';
import type { ServerIdentity } from '../tls/server-identity.ts';
import { PacedStarts } from './paced-starts.ts';

/** What a listener needs to speak TLS. */
export interface ListenerTls {
  readonly identity: ServerIdentity;
  readonly failures: HandshakeFailures;
}

/** What gRPC and HTTP clients ask for within TLS. */
const PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];

/** How one port differs from that of gRPC. */
export interface TlsDoorNames {
  /** Its name in metrics. */
  readonly listener?: string | undefined;
  /** What it speaks within TLS, as ALPN names it. */
  readonly protocols?: readonly string[] | undefined;
}

/** A handshake is about a millisecond of arithmetic: answers to others, and those that have begun, go on in between. */
const HANDSHAKES_PER_TURN = 20;

export class TlsDoor {
  readonly #server: Server;
  readonly #handshakes = new PacedStarts<Socket>(
    HANDSHAKES_PER_TURN,
    (socket) => {
      // Its peer may have left while it waited.
      if (!socket.destroyed) this.#server.emit('connection', socket);
    },
    (callback) => setImmediate(callback),
  );

  /** @param secured takes a connection whose peer agreed on TLS, still unread */
  constructor(
    tls: ListenerTls,
    secured: (socket: TLSSocket) => void,
    handshakeTimeoutMs: number,
    { listener = 'grpc', protocols = PROTOCOLS }: TlsDoorNames = {},
  ) {
    this.#server = createServer(
      { ...secureOptions(tls, handshakeTimeoutMs), ALPNProtocols: [...protocols] },
      secured,
    );
    keepSecure(this.#server, tls, listener);
  }

  accept(socket: Socket): void {
    this.#handshakes.add(socket);
  }
}

/** What a server of ours shows and asks for when it is made. */
function secureOptions({ identity }: ListenerTls, handshakeTimeoutMs: number): TlsOptions {
  return {
    ...identity.context,
    requestCert: identity.asksClients,
    rejectUnauthorized: identity.asksClients,
    handshakeTimeout: handshakeTimeoutMs,
  };
}

/** It shows each certificate that comes in force, and what fails is counted. @param listener its name in metrics */
function keepSecure(server: Server, { identity, failures }: ListenerTls, listener: string): void {
  identity.onChange((context) => server.setSecureContext(context));
  server.on('tlsClientError', (error, socket) => {
    failures.count(listener, handshakeFailure(error, socket), socket.remoteAddress, error.message);
    socket.destroy();
  });
}

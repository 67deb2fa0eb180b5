/**
 * TLS at the front door: a tls.Server that never listens takes connections
 * that began with a ClientHello, and hands on what is inside. Its certificate
 * changes while connections stay open.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type HandshakeFailures, handshakeFailure } from '../tls/handshake-failures.ts';
import type { ServerIdentity } from '../tls/server-identity.ts';

/** What a listener needs to speak TLS. */
export interface ListenerTls {
  readonly identity: ServerIdentity;
  readonly failures: HandshakeFailures;
}

/** What gRPC and HTTP clients ask for within TLS. */
const PROTOCOLS = ['h2', 'http/1.1'];

export class TlsDoor {
  readonly #server: Server;

  /** @param secured takes a connection whose peer agreed on TLS, still unread */
  constructor(
    { identity, failures }: ListenerTls,
    secured: (socket: TLSSocket) => void,
    handshakeTimeoutMs: number,
  ) {
    this.#server = createServer(
      {
        ...identity.context,
        ALPNProtocols: PROTOCOLS,
        requestCert: identity.asksClients,
        rejectUnauthorized: identity.asksClients,
        handshakeTimeout: handshakeTimeoutMs,
      },
      secured,
    );
    identity.onChange((context) => this.#server.setSecureContext(context));
    this.#server.on('tlsClientError', (error, socket) => {
      failures.count('grpc', handshakeFailure(error, socket), socket.remoteAddress, error.message);
      socket.destroy();
    });
  }

  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }
}

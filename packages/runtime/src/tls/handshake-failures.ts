/** Handshakes of TLS that came to nothing: counted by listener and reason, and told at info. */
import type { TLSSocket } from 'node:tls';
import type { Counter } from 'prom-client';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';

export type HandshakeFailureReason = 'timeout' | 'client_certificate' | 'plaintext' | 'closed' | 'protocol';

export class HandshakeFailures {
  readonly #counter: Counter<'listener' | 'reason'>;
  readonly #logger: Logger;

  constructor(metrics: Metrics, logger: Logger) {
    this.#logger = logger;
    this.#counter = metrics.counter(
      'tls_handshake_failures_total',
      'Connections that ended before TLS was agreed on.',
      ['listener', 'reason'],
    );
  }

  count(listener: string, reason: HandshakeFailureReason, peer: string | undefined, detail: string): void {
    this.#counter.inc({ listener, reason });
    this.#logger.info({ listener, reason, peer, detail }, 'a connection did not agree on TLS');
  }
}

/** From what a tls.Server tells with `tlsClientError`. */
export function handshakeFailure(error: NodeJS.ErrnoException, socket: TLSSocket): HandshakeFailureReason {
  // Set although Node's types have an Error here: a client's certificate that nobody vouches for.
  if (socket.authorizationError) return 'client_certificate';
  switch (error.code) {
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'timeout';
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'client_certificate';
    case 'ERR_SSL_HTTP_REQUEST':
      return 'plaintext';
    case 'ECONNRESET':
      return 'closed';
    default:
      return 'protocol';
  }
}

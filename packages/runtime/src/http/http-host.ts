/**
 * An HTTP/1.1 port of a process for its callers: front door -> node:http -> one listener. TLS, connections, headers and
 * times are bounded as on the gRPC port, and several processes may share it.
 *
 * Holds true: what was asked before a stop is answered within its time.
 */
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS } from '@flagstream/protocol';
import type { ListenAddress } from '../listen/claim-port.ts';
import { FrontDoor } from '../listen/front-door.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import type { Logger } from '../log/logger.ts';
import type { RefusalWords } from './heard-requests.ts';
import { HTTP_TIMEOUTS, injectedHttpServer } from './injected-http-server.ts';

export interface HttpHostOptions {
  /** Names the listener in metrics, "ofrep". */
  readonly listener: string;
  /** What listens there, for messages: "evaluator OFREP". */
  readonly purpose: string;
  readonly logger: Logger;
  readonly answer: RequestListener;
  /** For what is no request that Node could read. */
  readonly words: RefusalWords;
  /** With it the port speaks TLS alone. */
  readonly tls?: ListenerTls | undefined;
}

export class HttpHost {
  readonly #options: HttpHostOptions;
  readonly #http: HttpServer;
  readonly #door: FrontDoor;
  /** Answers that are not over. */
  readonly #open = new Set<ServerResponse>();
  #idle: (() => void) | undefined;

  constructor(options: HttpHostOptions) {
    this.#options = options;
    const { logger, listener, tls, words } = options;
    this.#http = injectedHttpServer((request, response) => this.#answer(request, response), words, {
      ...HTTP_TIMEOUTS,
      idleMs: LIMITS.httpIdleMs,
    });
    this.#door = new FrontDoor({
      logger,
      listener,
      // A client that may choose would choose HTTP/2.
      protocols: ['http/1.1'],
      http1: (socket) => this.#http.emit('connection', socket),
      http2: (socket) => {
        logger.debug({ peer: socket.remoteAddress }, 'connection closed: this port speaks HTTP/1.1');
        socket.destroy();
      },
      maxConnections: LIMITS.connectionsMax,
      sniffTimeoutMs: LIMITS.prefaceTimeoutMs,
      tls,
      tlsHandshakeTimeoutMs: LIMITS.tlsHandshakeTimeoutMs,
    });
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#door.connections;
  }

  /** @throws FlagstreamError PORT_IN_USE */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return this.#door.listen(address, this.#options.purpose);
  }

  /** Takes no more connections; those that are open stay. */
  stopAccepting(): void {
    this.#door.stopAccepting();
  }

  /** Stops: what was asked is answered, what is left after graceMs is cut. */
  async drain(graceMs: number): Promise<void> {
    this.stopAccepting();
    // What was sent meanwhile is read before its connection counts as idle.
    if (this.connections > 0) await delay(Math.min(LIMITS.httpLingerMs, graceMs));
    this.#http.closeIdleConnections();
    if (this.#open.size > 0) await this.#answered(graceMs);
    this.#http.close();
    this.#door.destroyConnections();
  }

  async #answered(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#open.add(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#idle?.();
    });
    this.#options.answer(request, response);
  }
}

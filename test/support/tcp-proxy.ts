// A TCP proxy on loopback that breaks connections on purpose, as a network would: between a process and the
// server that it talks to. What it does is switched while it runs, for all connections or only for those that
// are open now. Bytes are never altered or reordered: a connection that has lost some stays mute until it ends.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';
import { hold } from './resources.ts';
import { type Direction, ProxiedConnection } from './tcp-proxy-connection.ts';

export type Fault =
  /** Bytes pass. */
  | { readonly kind: 'none' }
  /** Connections are closed, new ones closed as soon as they come: both ends are told. */
  | { readonly kind: 'cut' }
  /** Bytes of one direction (or both) vanish and no end is told, not even that the other one has closed. */
  | { readonly kind: 'drop'; readonly direction: Direction | 'both' }
  /** The client keeps a connection whose server is gone: the server's side is closed, the client's is mute. */
  | { readonly kind: 'half-open' }
  /** Bytes of one direction wait, in order, until another fault is set; then they arrive, even when their sender has gone. */
  | { readonly kind: 'hold'; readonly direction: Direction | 'both' }
  /** Each byte arrives so much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** No more than so many bytes of each direction pass in a second. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** After so many more bytes of one direction each connection is reset. */
  | { readonly kind: 'limit'; readonly direction: Direction; readonly bytes: number };

/** Whom a fault is for: every connection from now on, or those that are open now and no later one. */
export type FaultScope = 'all' | 'open';

export interface Traffic {
  /** Connections accepted so far. */
  readonly accepted: number;
  readonly open: number;
  /** Bytes taken from the clients, and from the server. */
  readonly up: number;
  readonly down: number;
  readonly dropped: number;
  /** Bytes that wait now. */
  readonly held: number;
}

export class TcpProxy {
  /** Where clients connect. */
  readonly port: number;
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #total = { accepted: 0, up: 0, down: 0, dropped: 0 };
  #fault: Fault = { kind: 'none' };

  private constructor(port: number, targetPort: number) {
    this.port = port;
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens, and passes on to 127.0.0.1:targetPort. Ends with the test file. */
  static async start(targetPort: number, port?: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port ?? (await freePort()), targetPort);
    proxy.#server.listen(proxy.port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    hold({
      what: `proxy on port ${proxy.port}`,
      release: () => proxy.close(),
      releaseNow: () => undefined,
    });
    return proxy;
  }

  /** For the client, in place of the server's own address. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get traffic(): Traffic {
    let held = 0;
    for (const connection of this.#connections) held += connection.heldBytes;
    return { ...this.#total, open: this.#connections.size, held };
  }

  set(fault: Fault, scope: FaultScope = 'all'): void {
    if (scope === 'all') this.#fault = fault;
    for (const connection of [...this.#connections]) connection.set(fault);
  }

  /** Bytes pass again; connections that have lost some are reset, as a peer's answer to them would. */
  heal(): void {
    this.set({ kind: 'none' });
  }

  /** Resets (RST) every connection that is open. New ones are as before. */
  reset(): void {
    for (const connection of [...this.#connections]) connection.reset();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.reset();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(client: Socket): void {
    this.#total.accepted += 1;
    const connection = new ProxiedConnection(client, this.#targetPort, {
      took: (direction, bytes) => {
        this.#total[direction] += bytes;
      },
      dropped: (bytes) => {
        this.#total.dropped += bytes;
      },
      ended: () => void this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.set(this.#fault);
  }
}

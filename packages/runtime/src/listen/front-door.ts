/**
 * The one place where connections come in: net -> sniff -> gRPC or HTTP/1.1.
 * Every listener of gRPC goes through it, so that one port serves both. With
 * TLS it is net -> sniff -> TLS -> sniff, and nothing goes on that is not TLS;
 * without, nothing that is.
 *
 * Bounded: connections by number, undecided ones by time, those of dead peers by TCP's own probes. It owns its sockets:
 * grpc-js forgets its sessions when channelz is off, so a forced end is ours.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import type { Logger } from '../log/logger.ts';
import { claimPort, type ListenAddress } from './claim-port.ts';
import { type Sniffed, sniffProtocol } from './protocol-sniff.ts';
import { type ListenerTls, TlsDoor, type TlsDoorNames } from './tls-door.ts';

export interface FrontDoorOptions extends TlsDoorNames {
  readonly logger: Logger;
  /** Takes a connection whose first bytes are an HTTP/2 preface (still unread). */
  readonly http2: (socket: Socket) => void;
  /** Takes a connection that starts like HTTP/1.1 (still unread). */
  readonly http1: (socket: Socket) => void;
  readonly maxConnections: number;
  /**
   * When there are so many, the one that has said nothing for the longest gives way to a new one. Default: the new one
   * is refused, which lets a few silent connections keep every other peer out.
   */
  readonly oldestGivesWay?: boolean;
  /** Time in which a connection must have said what it speaks. */
  readonly sniffTimeoutMs: number;
  /** Absent: plaintext. */
  readonly tls?: ListenerTls | undefined;
  /** Time for the handshake of TLS. */
  readonly tlsHandshakeTimeoutMs: number;
}

/** Of a connection as it comes, or of what is inside its TLS. */
type Layer = 'outer' | 'within TLS';

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  /** The one that has said nothing for the longest first, where it may give way. */
  readonly #sockets = new Set<Socket>();
  readonly #tlsDoor: TlsDoor | undefined;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    if (options.tls !== undefined)
      this.#tlsDoor = new TlsDoor(
        options.tls,
        (socket) => this.#read(socket, 'within TLS'),
        options.tlsHandshakeTimeoutMs,
        options,
      );
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: LIMITS.tcpKeepAliveMs };
    this.#server = createServer({ noDelay: true, ...keepAlive }, (socket) => this.#accept(socket));
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** The open connection of a peer, by its address and port as grpc-js writes them. */
  connectionOf(peer: string): Socket | undefined {
    for (const socket of this.#sockets)
      if (`${socket.remoteAddress}:${socket.remotePort}` === peer) return socket;
    return undefined;
  }

  /** It has said something: others give way before it. */
  heardOf({ remoteAddress, remotePort }: Socket): void {
    // Within TLS a request knows another socket than its connection's.
    const socket = this.connectionOf(`${remoteAddress}:${remotePort}`);
    if (socket === undefined) return;
    this.#sockets.delete(socket);
    this.#sockets.add(socket);
  }

  /** @throws FlagstreamError PORT_IN_USE */
  listen(address: ListenAddress, purpose: string): Promise<ListenAddress> {
    return claimPort(this.#server, address, purpose);
  }

  /** Takes no more connections; those that are open stay. */
  stopAccepting(): void {
    if (this.#server.listening) this.#server.close();
  }

  /** Cuts every connection. */
  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Counts by itself: what net.Server refuses in a worker of node:cluster, Node offers it again and again. */
  #accept(socket: Socket): void {
    const { maxConnections: max, oldestGivesWay = false, logger } = this.#options;
    const [oldest] = this.#sockets;
    if (this.#sockets.size >= max && oldestGivesWay && oldest !== undefined) {
      oldest.destroy();
      this.#sockets.delete(oldest);
    } else if (this.#sockets.size >= max) {
      logger.warn({ peer: socket.remoteAddress, max }, 'connection refused: too many');
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#read(socket, 'outer');
  }

  /** Reads until it is clear what the connection speaks, and hands it on unread. */
  #read(socket: Socket, layer: Layer): void {
    // Peers may reset at any time; whoever owns the socket by then sees its close event.
    socket.on('error', (err) =>
      this.#options.logger.trace({ err, peer: socket.remoteAddress }, 'connection error'),
    );

    let seen: Buffer | undefined;
    const timer = setTimeout(() => {
      this.#options.logger.debug(
        { peer: socket.remoteAddress },
        'connection closed: it did not say what it speaks',
      );
      socket.destroy();
    }, this.#options.sniffTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
    };
    const onEnd = (): void => {
      settle();
      socket.destroy();
    };
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
      const verdict = sniffProtocol(seen);
      if (verdict === 'more') return;
      settle();
      this.#route(verdict, layer, socket, seen);
    };
    socket.once('close', settle);
    socket.on('end', onEnd);
    socket.on('readable', onReadable);
  }

  #route(verdict: Exclude<Sniffed, 'more'>, layer: Layer, socket: Socket, seen: Buffer): void {
    if (layer === 'outer' && this.#tlsDoor !== undefined && verdict !== 'tls') {
      const spoken = verdict === 'unknown' ? 'what is no TLS' : 'plaintext';
      const { tls, listener = 'grpc' } = this.#options;
      tls?.failures.count(listener, 'plaintext', socket.remoteAddress, `it speaks ${spoken}`);
      socket.destroy();
      return;
    }
    switch (verdict) {
      case 'http2':
        socket.unshift(seen);
        this.#options.http2(socket);
        return;
      case 'http1':
        socket.unshift(seen);
        this.#options.http1(socket);
        return;
      case 'tls':
        if (layer === 'outer' && this.#tlsDoor !== undefined) {
          socket.unshift(seen);
          this.#tlsDoor.accept(socket);
          return;
        }
        this.#options.logger.warn(
          { peer: socket.remoteAddress },
          'TLS connection refused: this port speaks plaintext, as tls.certFile is not set',
        );
        socket.destroy();
        return;
      case 'unknown':
        this.#options.logger.debug(
          { peer: socket.remoteAddress },
          'connection closed: neither HTTP/2 nor HTTP/1.1',
        );
        socket.destroy();
    }
  }
}

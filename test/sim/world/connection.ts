/**
 * A connection in order, like TCP. While its line is cut, messages wait in it;
 * a half-open one swallows everything and says nothing, until a side gives up.
 */
import type { Line, Network } from './network.ts';
import type { Process } from './process.ts';

/** Before the first message is taken: addresses, TCP and TLS. */
const HANDSHAKE_MS = { min: 1, max: 60 } as const;

export type Side = 'client' | 'server';

export interface ConnectionEnds {
  /** A message came to this side. */
  receive(side: Side, message: unknown): void;
  /** The other side is gone, or said that it goes. */
  ended(side: Side, reason: string): void;
}

interface Direction {
  readonly line: Line;
  readonly waiting: (() => void)[];
  lastMs: number;
  /** Packets are lost for good, and nobody is told. */
  swallowing: boolean;
}

export class Connection {
  readonly client: Process;
  readonly server: Process;
  readonly #network: Network;
  readonly #ends: ConnectionEnds;
  readonly #lives: Readonly<Record<Side, number>>;
  readonly #directions: Readonly<Record<Side, Direction>>;
  readonly #closed: Record<Side, boolean> = { client: false, server: false };
  readonly #gone: () => void;

  constructor(network: Network, client: Process, server: Process, ends: ConnectionEnds, gone: () => void) {
    this.#network = network;
    this.client = client;
    this.server = server;
    this.#ends = ends;
    this.#gone = gone;
    this.#lives = { client: client.life, server: server.life };
    const { world } = network;
    const openMs = world.nowMs + world.random.int(HANDSHAKE_MS.min, HANDSHAKE_MS.max);
    const direction = (line: Line): Direction => ({ line, waiting: [], lastMs: openMs, swallowing: false });
    this.#directions = {
      client: direction(network.line(client, server)),
      server: direction(network.line(server, client)),
    };
  }

  /** From this side to the other one. */
  send(side: Side, message: unknown): void {
    if (this.#closed[side]) return;
    const other = otherSide(side);
    this.#carry(side, () => {
      if (!this.#closed[other]) this.#ends.receive(other, message);
    });
  }

  /** This side goes; the other one is told behind what was sent before. */
  close(side: Side, reason: string): void {
    if (this.#closed[side]) return;
    this.#closed[side] = true;
    const other = otherSide(side);
    this.#carry(side, () => this.end(other, reason));
    if (this.#closed.client && this.#closed.server) this.#gone();
  }

  /** This side learns that the connection is over. */
  end(side: Side, reason: string): void {
    if (this.#closed[side]) return;
    this.#closed[side] = true;
    if (this.#closed.client && this.#closed.server) this.#gone();
    if (this.#alive(side)) this.#ends.ended(side, reason);
  }

  /** Swallows what is sent from this side from now on. */
  swallow(side: Side): void {
    this.#directions[side].swallowing = true;
  }

  lineChanged(): void {
    for (const side of ['client', 'server'] as const) {
      const { line, waiting } = this.#directions[side];
      if (!line.cut) for (const deliver of waiting.splice(0)) this.#carry(side, deliver);
    }
  }

  #carry(side: Side, deliver: () => void): void {
    const direction = this.#directions[side];
    if (direction.swallowing) return;
    if (direction.line.cut) {
      direction.waiting.push(deliver);
      return;
    }
    const { world } = this.#network;
    direction.lastMs = Math.max(
      direction.lastMs + 0.001,
      world.nowMs + this.#network.delayMs(direction.line),
    );
    world.after(direction.lastMs - world.nowMs, () => {
      if (direction.line.cut) direction.waiting.push(deliver);
      else if (this.#alive(otherSide(side))) deliver();
      else this.end(side, 'connection reset');
    });
  }

  #alive(side: Side): boolean {
    const process = side === 'client' ? this.client : this.server;
    return process.up && process.life === this.#lives[side];
  }
}

function otherSide(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

export function openConnection(
  network: Network,
  client: Process,
  server: Process,
  ends: ConnectionEnds,
  gone: () => void,
): Connection {
  return new Connection(network, client, server, ends, gone);
}

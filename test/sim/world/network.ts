/**
 * The network between processes. Each direction between two of them is a line
 * with a temper of its own: it delays, reorders, duplicates, drops, or carries
 * nothing at all. Messages are calls at the other end.
 */

import { type Connection, type ConnectionEnds, openConnection } from './connection.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** One direction between two processes. */
export interface Line {
  /** Carries nothing, and tells nobody. */
  cut: boolean;
  dropRate: number;
  duplicateRate: number;
  minMs: number;
  /** Messages overtake each other within this span. */
  spreadMs: number;
}

const CALM = { cut: false, dropRate: 0, duplicateRate: 0, minMs: 0.3, spreadMs: 1 } as const;

export class Network {
  readonly world: World;
  readonly #lines = new Map<string, Line>();
  readonly #connections = new Set<Connection>();

  constructor(world: World) {
    this.world = world;
  }

  line(from: Process, to: Process): Line {
    const key = `${from.name}>${to.name}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { ...CALM };
      this.#lines.set(key, line);
    }
    return line;
  }

  /** All lines as on a quiet day. */
  calm(): void {
    for (const line of this.#lines.values()) Object.assign(line, CALM);
    for (const connection of this.#connections) connection.lineChanged();
  }

  /** Lines may carry again: what connections hold back goes on. */
  changed(): void {
    for (const connection of this.#connections) connection.lineChanged();
  }

  connections(): Iterable<Connection> {
    return this.#connections;
  }

  /** A message that may be late, twice, or lost. */
  send(from: Process, to: Process, deliver: () => void): void {
    if (!from.up) return;
    const line = this.line(from, to);
    const { random } = this.world;
    if (line.cut || (line.dropRate > 0 && random.chance(line.dropRate))) return;
    const life = to.life;
    const arrive = (): void => {
      if (to.up && to.life === life && !this.line(from, to).cut) deliver();
    };
    this.world.after(this.delayMs(line), arrive);
    if (line.duplicateRate > 0 && random.chance(line.duplicateRate))
      this.world.after(this.delayMs(line) * 3, arrive);
  }

  /**
   * A question and its answer, or `undefined` when none came in time. A
   * question that arrives twice is answered twice, and heard once. The next life of who asked hears nothing.
   */
  ask<A>(
    from: Process,
    to: Process,
    timeoutMs: number,
    serve: (answer: (value: A) => void) => void,
    hear: (answer: A | undefined) => void,
  ): void {
    let open = true;
    const { life } = from;
    const settle = (answer: A | undefined): void => {
      if (!open || from.life !== life) return;
      open = false;
      cancel();
      hear(answer);
    };
    const cancel = from.after(timeoutMs, () => settle(undefined));
    this.send(from, to, () => serve((value) => this.send(to, from, () => settle(value))));
  }

  /** A connection that keeps order, like TCP; it breaks, or falls silent. */
  connect(from: Process, to: Process, ends: ConnectionEnds): Connection {
    const connection = openConnection(this, from, to, ends, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  delayMs(line: Line): number {
    return line.minMs + this.world.random.next() * line.spreadMs;
  }
}

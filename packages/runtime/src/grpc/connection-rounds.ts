/**
 * The way out of an overload that keeps itself going. Callers of one connection
 * wait for room on it, the oldest first: once they wait for as long as they have
 * time, whatever is sent has been given up before it is read, refusals reach
 * nobody, and nobody stays away. More calls come then than could even be refused.
 *
 * So the connections take turns. All lose their room at first: what is too late
 * ends at its caller, and costs nothing. Then one after the other gets room for
 * all that waits there, old and new, and the new ones hear in time when to come
 * back. After one round most callers stay away, and all have their room again.
 * Where few calls wait, that takes a tenth of a second, however many connections
 * there are.
 *
 * How much a connection may send is the protocol's SETTINGS_MAX_CONCURRENT_STREAMS.
 */
import { LIMITS } from '@flagstream/protocol';

export interface ConnectionRoundsParts<Connection> {
  /** Says how many calls a connection may have at once. */
  readonly giveRoom: (connection: Connection, calls: number) => void;
  /** Calls that were refused so far, of all connections. */
  readonly refused: () => number;
  /** Calls back every so many milliseconds until it is stopped. Returns how to stop. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly callsAtOnce: number;
}

/** While calls are refused, the next connection waits. */
const TICK_MS = 10;
/** For what is on its way, and for what lies in the sockets. */
const HOLD_TICKS = 10;
/** Nobody holds up the round for longer. */
const TURN_TICKS = 50;

export class ConnectionRounds<Connection> {
  readonly #parts: ConnectionRoundsParts<Connection>;
  readonly #connections = new Set<Connection>();
  /** Those whose turn has not come; undefined: there is no round. */
  #waiting: Connection[] | undefined;
  /** That have all the room that there is. */
  #current: readonly Connection[] = [];
  #atOnce = 1;
  #ticks = 0;
  #refusedBefore = 0;
  #stop: () => void = () => undefined;
  #rounds = 0;

  constructor(parts: ConnectionRoundsParts<Connection>) {
    this.#parts = parts;
  }

  /** Rounds so far. */
  get rounds(): number {
    return this.#rounds;
  }

  /** There is a call on it. Answers whether that is the first one. */
  calls(connection: Connection): boolean {
    if (this.#connections.has(connection)) return false;
    this.#connections.add(connection);
    return true;
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** Answers false, and does nothing, while there is a round. */
  begin(): boolean {
    if (this.#waiting !== undefined) return false;
    this.#rounds += 1;
    this.#waiting = [...this.#connections];
    for (const connection of this.#waiting) this.#parts.giveRoom(connection, 0);
    this.#ticks = -HOLD_TICKS;
    this.#atOnce = 1;
    this.#refusedBefore = this.#parts.refused();
    this.#stop = this.#parts.every(TICK_MS, () => this.#tick());
    return true;
  }

  /** Ends a round. */
  close(): void {
    this.#stop();
    this.#waiting = undefined;
  }

  #tick(): void {
    const refused = this.#parts.refused();
    const isQuiet = refused === this.#refusedBefore;
    this.#refusedBefore = refused;
    this.#ticks += 1;
    if (!isQuiet) this.#atOnce = 1;
    if (this.#ticks > 0 && (isQuiet || this.#ticks >= TURN_TICKS)) this.#next();
  }

  /** Twice as many as before where none of those was refused. */
  #next(): void {
    const { giveRoom, callsAtOnce } = this.#parts;
    for (const connection of this.#current)
      if (this.#connections.has(connection)) giveRoom(connection, callsAtOnce);
    this.#ticks = 0;
    this.#current = this.#waiting?.splice(0, this.#atOnce) ?? [];
    this.#atOnce *= 2;
    if (this.#current.length === 0) this.close();
    for (const connection of this.#current)
      if (this.#connections.has(connection)) giveRoom(connection, LIMITS.concurrentStreamsMax);
  }
}

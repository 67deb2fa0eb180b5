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
 *
 * How much a connection may send is the protocol's SETTINGS_MAX_CONCURRENT_STREAMS.
 */
import { LIMITS } from '@flagstream/protocol';

export interface ConnectionRoundsParts<Connection> {
  /** Says how many calls a connection may have at once. */
  readonly giveRoom: (connection: Connection, calls: number) => void;
  /** Calls that were read so far, of all connections. */
  readonly read: () => number;
  /** Calls back every so many milliseconds until it is stopped. Returns how to stop. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly callsAtOnce: number;
}

/** While calls come, the next connection waits. */
const TICK_MS = 10;
/** Calls within a tick that are not what a connection sends that has got room. */
const FEW_CALLS = 20;
/** For what is on its way, and for what lies in the sockets. */
const HOLD_TICKS = 20;
/** No connection holds up the round for longer. */
const TURN_TICKS = 50;

export class ConnectionRounds<Connection> {
  readonly #parts: ConnectionRoundsParts<Connection>;
  readonly #connections = new Set<Connection>();
  /** Those whose turn has not come; undefined: there is no round. */
  #waiting: Connection[] | undefined;
  #current: Connection | undefined;
  #ticks = 0;
  #readBefore = 0;
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
    this.#readBefore = this.#parts.read();
    this.#stop = this.#parts.every(TICK_MS, () => this.#tick());
    return true;
  }

  /** Ends a round. */
  close(): void {
    this.#stop();
    this.#waiting = undefined;
  }

  #tick(): void {
    const read = this.#parts.read();
    const calls = read - this.#readBefore;
    this.#readBefore = read;
    this.#ticks += 1;
    if (this.#ticks <= 0 || (calls > FEW_CALLS && this.#ticks < TURN_TICKS)) return;
    this.#next();
  }

  #next(): void {
    const { giveRoom, callsAtOnce } = this.#parts;
    if (this.#current !== undefined && this.#connections.has(this.#current))
      giveRoom(this.#current, callsAtOnce);
    this.#ticks = 0;
    this.#current = this.#waiting?.shift();
    if (this.#current === undefined) this.close();
    else if (this.#connections.has(this.#current)) giveRoom(this.#current, LIMITS.concurrentStreamsMax);
  }
}

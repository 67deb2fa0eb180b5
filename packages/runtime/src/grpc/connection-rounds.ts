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
 * there are; and never much longer than `ROUND_MS`, as who has no room is not
 * even refused.
 *
 * How much a connection may send is the protocol's SETTINGS_MAX_CONCURRENT_STREAMS.
 */
import { LIMITS } from '@flagstream/protocol';

export interface ConnectionRoundsParts<Connection> {
  readonly monotonicMs: () => number;
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
/** At first, for what is on its way, and for what lies in the sockets. */
const HOLD_MS = 100;
/** Of a round, however many are refused in it. */
const ROUND_MS = 4_000;

interface Round<Connection> {
  readonly beganMs: number;
  readonly connections: number;
  /** Those whose turn has not come. */
  readonly waiting: Connection[];
  /** That have all the room that there is. */
  current: readonly Connection[];
  /** Connections that get it together. */
  atOnce: number;
  /** Calls that had been refused when it was looked at last. */
  refused: number;
}

export class ConnectionRounds<Connection> {
  readonly #parts: ConnectionRoundsParts<Connection>;
  readonly #connections = new Set<Connection>();
  #round: Round<Connection> | undefined;
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
    if (this.#round !== undefined) return false;
    const { monotonicMs, refused, every } = this.#parts;
    this.#rounds += 1;
    const waiting = [...this.#connections];
    this.#give(waiting, 0);
    this.#round = {
      beganMs: monotonicMs(),
      connections: waiting.length,
      waiting,
      current: [],
      atOnce: 1,
      refused: refused(),
    };
    this.#stop = every(TICK_MS, () => this.#tick());
    return true;
  }

  /** Ends a round. */
  close(): void {
    this.#stop();
    this.#round = undefined;
  }

  #tick(): void {
    const round = this.#round;
    if (round === undefined) return;
    const passedMs = this.#parts.monotonicMs() - round.beganMs - HOLD_MS;
    const refused = this.#parts.refused();
    const isQuiet = refused === round.refused;
    round.refused = refused;
    if (!isQuiet) round.atOnce = 1;
    if (passedMs < 0) return;
    const { connections, waiting } = round;
    // By now so many of them must have had their turn.
    const late = Math.ceil((connections * passedMs) / ROUND_MS) - (connections - waiting.length);
    if (isQuiet) this.#next(round, Math.max(round.atOnce, late));
    else if (late > 0) this.#next(round, late);
  }

  /** Twice as many as before where none of those was refused. */
  #next(round: Round<Connection>, count: number): void {
    this.#give(round.current, this.#parts.callsAtOnce);
    round.current = round.waiting.splice(0, count);
    round.atOnce *= 2;
    if (round.current.length === 0) this.close();
    else this.#give(round.current, LIMITS.concurrentStreamsMax);
  }

  #give(connections: readonly Connection[], calls: number): void {
    for (const connection of connections)
      if (this.#connections.has(connection)) this.#parts.giveRoom(connection, calls);
  }
}

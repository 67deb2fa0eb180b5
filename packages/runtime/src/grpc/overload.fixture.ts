// A server under more calls than it can answer, and its callers, as numbers: time passes as calls are answered and
// refused. What real callers do is here: each has a deadline, calls wait at the caller while a connection has no room,
// the oldest is sent first with what is left of its time, and who is sent away stays away, if he hears of it in time.
// And Node's HTTP/2 closes a connection on which too many calls are given up.

import { LIMITS } from '@flagstream/protocol';
import { ConnectionRounds } from './connection-rounds.ts';
import { LoadShedder } from './load-shedder.ts';

export interface OverloadOptions {
  /** One after the other; the callers of each know nothing of what those before were told. */
  readonly phases: readonly { readonly callsPerSecond: number; readonly durationMs: number }[];
  /** The server stands still for so long at these times, as it does for its garbage. */
  readonly pauses: readonly { readonly atMs: number; readonly lengthMs: number }[];
}

export interface Second {
  /** In time. */
  answered: number;
  refused: number;
  /** With their connection. */
  lost: number;
}

/** Calls given up that nghttp2 takes of a connection at once, and in a second. */
const RESETS_MAX = 1_000;
const RESETS_PER_SECOND = 33;

const CONNECTIONS = 32;
const CALLERS = 3_200;
const DEADLINE_MS = 1_000;
/** As measured on one core: 8,000 answers a second. */
const ANSWER_MS = 0.125;
const REFUSAL_MS = 0.05;
/** Of a turn itself, and of one in which nobody calls. */
const TURN_MS = 0.01;
const IDLE_TURN_MS = 0.1;

interface Call {
  readonly caller: number;
  readonly sinceMs: number;
  readonly endsMs: number;
  /** What its headers say. */
  timeoutMs: number;
}

interface Connection {
  readonly waiting: Call[];
  /** When it had room last, as far as what waits knows. */
  roomMs: number;
  /** Sent, and not read by the server. */
  unread: Call[];
  /** Sent, and not answered, refused or given up. */
  readonly open: Set<Call>;
  resets: number;
  room: number;
}

/** What became of the calls that the server read, by second. */
export function overload(options: OverloadOptions): readonly Second[] {
  return new Overload(options).run();
}

class Overload {
  readonly #options: OverloadOptions;
  #nowMs = 0;
  #idleMs = 0;
  #turnOver: (() => void) | undefined;
  readonly #seconds: Second[] = [];
  #callsPerSecond = 0;
  #dueMs = 0;
  #nextCaller = 0;
  readonly #notBeforeMs = new Float64Array(CALLERS);
  readonly #connections: readonly Connection[] = Array.from({ length: CONNECTIONS }, () => ({
    waiting: [],
    unread: [],
    roomMs: 0,
    open: new Set<Call>(),
    resets: 0,
    room: LIMITS.callsAtOnceMax,
  }));
  #seed = 1;
  readonly #shedder = new LoadShedder({
    monotonicMs: () => this.#nowMs,
    idleMs: () => this.#idleMs,
    random: () => {
      this.#seed = (this.#seed * 16_807) % 2_147_483_647;
      return this.#seed / 2_147_483_647;
    },
    afterTurn: (callback) => {
      this.#turnOver = callback;
    },
    onTooLate: () => this.#rounds.begin(),
  });
  #tick: { readonly everyMs: number; readonly callback: () => void; dueMs: number } | undefined;
  readonly #rounds = new ConnectionRounds<Connection>({
    monotonicMs: () => this.#nowMs,
    giveRoom: (connection, calls) => {
      connection.room = calls;
    },
    refused: () => this.#shedder.counts.late,
    every: (everyMs, callback) => {
      this.#tick = { everyMs, callback, dueMs: this.#nowMs + everyMs };
      return () => {
        this.#tick = undefined;
      };
    },
    callsAtOnce: LIMITS.callsAtOnceMax,
  });

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  run(): readonly Second[] {
    const pauses = [...this.#options.pauses];
    let endMs = 0;
    for (const { callsPerSecond, durationMs } of this.#options.phases) {
      this.#callsPerSecond = callsPerSecond;
      this.#notBeforeMs.fill(0);
      endMs += durationMs;
      while (this.#nowMs < endMs) {
        if (pauses[0] !== undefined && this.#nowMs >= pauses[0].atMs) this.#nowMs += pauses.shift()!.lengthMs;
        this.#turn();
      }
    }
    return this.#seconds;
  }

  /** The server reads each connection once, and what it answers of one leaves before it reads the next. */
  #turn(): void {
    if (this.#tick !== undefined && this.#tick.dueMs <= this.#nowMs) {
      this.#tick.dueMs = this.#nowMs + this.#tick.everyMs;
      this.#tick.callback();
    }
    for (const connection of this.#connections) {
      this.#rounds.calls(connection);
      this.#callersAct(connection);
      const read = connection.unread;
      connection.unread = [];
      const ends: { readonly call: Call; readonly retryAfterMs: number | undefined }[] = [];
      for (const call of read) {
        ends.push({ call, retryAfterMs: this.#serve(call) });
        if (connection.open.has(call)) continue;
        connection.resets += 1;
        if (connection.resets > RESETS_MAX + (RESETS_PER_SECOND * this.#nowMs) / 1_000) break;
      }
      for (const { call, retryAfterMs } of ends) this.#ended(connection, call, retryAfterMs);
      if (ends.length < read.length) this.#close(connection);
    }
    const lengthMs = this.#turnOver === undefined ? IDLE_TURN_MS : TURN_MS;
    if (this.#turnOver === undefined) this.#idleMs += lengthMs;
    this.#nowMs += lengthMs;
    this.#turnOver?.();
    this.#turnOver = undefined;
  }

  /** How long its caller is to stay away; undefined: answered. */
  #serve({ timeoutMs }: Call): number | undefined {
    const refusal = this.#shedder.refusal(`${Math.max(1, Math.floor(timeoutMs))}m`);
    this.#nowMs += refusal === undefined ? ANSWER_MS : REFUSAL_MS;
    return refusal === undefined ? undefined : (refusal.retryAfterMs ?? 0);
  }

  #close(connection: Connection): void {
    this.#second.lost += connection.open.size;
    connection.open.clear();
    connection.unread = [];
    connection.resets = (RESETS_PER_SECOND * this.#nowMs) / 1_000;
  }

  get #second(): Second {
    const second = Math.floor(this.#nowMs / 1_000);
    while (this.#seconds.length <= second) this.#seconds.push({ answered: 0, refused: 0, lost: 0 });
    return this.#seconds[second]!;
  }

  #ended(connection: Connection, call: Call, retryAfterMs: number | undefined): void {
    if (retryAfterMs !== undefined) this.#second.refused += 1;
    if (!connection.open.delete(call) || call.endsMs < this.#nowMs) return;
    if (retryAfterMs === undefined) this.#second.answered += 1;
    else this.#notBeforeMs[call.caller] = this.#nowMs + retryAfterMs;
  }

  /** New calls of all until now, then what the callers of one connection have done since they were looked at last. */
  #callersAct(connection: Connection): void {
    for (; this.#dueMs < this.#nowMs; this.#dueMs += 1_000 / this.#callsPerSecond) {
      const caller = this.#nextCaller++ % CALLERS;
      if (this.#notBeforeMs[caller]! > this.#dueMs) continue;
      const call = { caller, sinceMs: this.#dueMs, endsMs: this.#dueMs + DEADLINE_MS, timeoutMs: 0 };
      this.#connections[caller % CONNECTIONS]!.waiting.push(call);
    }
    const { waiting, unread, open } = connection;
    let next = 0;
    for (;;) {
      const [oldest] = open;
      if (
        oldest !== undefined &&
        oldest.endsMs <= this.#nowMs &&
        (open.size >= connection.room || next === waiting.length)
      ) {
        // It is given up; the server reads it all the same.
        open.delete(oldest);
        connection.roomMs = Math.max(connection.roomMs, oldest.endsMs);
        continue;
      }
      const call = waiting[next];
      if (call === undefined || open.size >= connection.room) break;
      next += 1;
      const sentMs = Math.max(call.sinceMs, connection.roomMs);
      if (call.endsMs <= sentMs || this.#notBeforeMs[call.caller]! > sentMs) continue;
      call.timeoutMs = call.endsMs - sentMs;
      open.add(call);
      unread.push(call);
    }
    waiting.splice(0, next);
    connection.roomMs = this.#nowMs;
  }
}

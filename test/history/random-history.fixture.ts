// Histories that keep every promise, made from a seed: writes and reads take effect at one instant each, in that
// order, and are seen by their clients from some time before until some time after it.

import type { Freshness, History, LogEntry, Place, ReadOperation, WriteOperation } from './history.ts';
import { StateWalk } from './state-walk.ts';

export type Random = () => number;

/** mulberry32: numbers of [0, 1). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const OPERATIONS = 120;
const SESSIONS = 3;
const STEP_MS = 10;
const SPREAD_MS = 25;

export function randomHistory(seed: number): History {
  const random = seeded(seed);
  const maker = new HistoryMaker(random);
  for (let i = 0; i < OPERATIONS; i += 1) {
    const atMs = (i + 1) * STEP_MS;
    const dice = random();
    if (dice < 0.03) maker.beginEpoch();
    else if (dice < 0.5) maker.write(i, atMs);
    else maker.read(atMs);
  }
  return maker.history;
}

class HistoryMaker {
  readonly #random: Random;
  readonly #log: LogEntry[] = [{ epoch: 1, revision: 1, opId: 'genesis-1', sets: {} }];
  readonly #writes: WriteOperation[] = [];
  readonly #reads: ReadOperation[] = [];
  /** Index into the log of what each session has read. */
  readonly #seen = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  get history(): History {
    return { log: this.#log, writes: this.#writes, reads: this.#reads };
  }

  beginEpoch(): void {
    const { epoch, revision } = this.#log.at(-1)!;
    this.#log.push({ epoch: epoch + 1, revision: revision + 1, opId: `genesis-${epoch + 1}`, sets: {} });
  }

  /** `left` and `right` are always set together. */
  write(number: number, atMs: number): void {
    const { epoch, revision } = this.#log.at(-1)!;
    const place = { epoch, revision: revision + 1 };
    const opId = `op-${number}`;
    const sets = this.#random() < 0.7 ? { left: number, right: number } : { other: number };
    const expects = this.#expectations(Object.keys(sets));
    const timing = this.#timing(atMs);
    const dice = this.#random();
    const reached = dice < 0.9;
    if (reached) this.#log.push({ ...place, opId, sets });
    const operation = { kind: 'write' as const, opId, ...timing, sets, expects };
    if (dice < 0.8) this.#writes.push({ ...operation, outcome: 'acknowledged', place });
    else if (dice < 0.95) this.#writes.push({ ...operation, outcome: 'unknown' });
    else this.#writes.push({ ...operation, outcome: 'refused' });
  }

  read(atMs: number): void {
    const session = `session-${Math.floor(this.#random() * SESSIONS)}`;
    const head = this.#log.length - 1;
    const lowest = this.#seen.get(session) ?? 0;
    const fresh = this.#random() < 0.4;
    const index = fresh ? head : lowest + Math.floor(this.#random() * (head - lowest + 1));
    this.#seen.set(session, index);
    const { epoch, revision } = this.#log[index]!;
    const place: Place = { epoch, revision };
    const walk = new StateWalk(this.#log);
    walk.walkTo(place);
    const asked: Freshness = fresh ? 'acknowledged' : this.#random() < 0.5 ? place : 'any';
    this.#reads.push({
      kind: 'read',
      session,
      ...this.#timing(atMs),
      atLeast: asked,
      place,
      values: Object.fromEntries(walk.values),
    });
  }

  #expectations(keys: readonly string[]): Readonly<Record<string, number>> {
    if (this.#random() < 0.5) return {};
    const walk = new StateWalk(this.#log);
    walk.walkTo(this.#log.at(-1)!);
    return Object.fromEntries(
      keys.flatMap((key) => {
        const version = walk.versions.get(key);
        return version === undefined ? [] : [[key, version]];
      }),
    );
  }

  #timing(atMs: number): { readonly startedMs: number; readonly endedMs: number } {
    return { startedMs: atMs - this.#random() * SPREAD_MS, endedMs: atMs + this.#random() * SPREAD_MS };
  }
}

/**
 * How many clients are sent everything at once. A large set is many frames,
 * which wait in this process for a client that reads slowly: without a bound a
 * whole fleet that comes with nothing, or with what was withdrawn, would fill
 * the memory. Deltas and small sets are over at once and meet no queue.
 *
 * Holds true: turns are taken in the order of asking; a client that takes
 * nothing for a while goes on at its own pace and keeps nobody waiting.
 */
import { LIMITS } from '@flagstream/protocol';
import type { Ticked } from './tick-wheel.ts';

export interface TurnTaker {
  /** Its turn has come; to be ended by `done`. */
  turn(): void;
}

export class FullTransferGate implements Ticked {
  readonly #monotonicMs: () => number;
  /** Who has a turn, and when something of it was taken last; longest ago first. */
  readonly #running = new Map<TurnTaker, number>();
  readonly #waiting = new Set<TurnTaker>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** When the client that has taken nothing for longest loses its turn, while somebody waits. */
  get deadlineMs(): number {
    const [oldest] = this.#running.values();
    return this.#waiting.size === 0 || oldest === undefined
      ? Number.MAX_SAFE_INTEGER
      : oldest + LIMITS.fullTransferStallMs;
  }

  /** Gives a turn now or later. False: too many wait. */
  ask(taker: TurnTaker): boolean {
    if (this.#running.size >= LIMITS.fullTransfersMax) {
      if (this.#waiting.size >= LIMITS.fullTransfersWaitingMax) return false;
      this.#waiting.add(taker);
      return true;
    }
    this.#running.set(taker, this.#monotonicMs());
    taker.turn();
    return true;
  }

  /** Something of its transfer was taken. */
  moved(taker: TurnTaker): void {
    if (this.#running.delete(taker)) this.#running.set(taker, this.#monotonicMs());
  }

  /** Its transfer was sent, or it is gone, whether it had a turn, waited for one, or neither. */
  done(taker: TurnTaker): void {
    this.#waiting.delete(taker);
    if (this.#running.delete(taker)) this.#next();
  }

  tick(nowMs: number): void {
    for (const [taker, movedMs] of this.#running) {
      if (nowMs < movedMs + LIMITS.fullTransferStallMs) break;
      this.#running.delete(taker);
    }
    this.#next();
  }

  #next(): void {
    for (const taker of this.#waiting) {
      if (this.#running.size >= LIMITS.fullTransfersMax) return;
      this.#waiting.delete(taker);
      this.#running.set(taker, this.#monotonicMs());
      taker.turn();
    }
  }
}

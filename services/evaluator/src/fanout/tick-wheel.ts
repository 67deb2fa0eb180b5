/**
 * One timer for all streams: each says when it next has something to do, and
 * is looked at then. Deadlines that move while a stream waits are noticed
 * within the longest sleep. Its clock is monotonic: one that can be set would
 * stop all streams when it goes back, and end them when it goes forward.
 */
import type { Logger } from '@flagstream/runtime';

export interface Ticked {
  /** When `tick` has something to do, monotonic ms. Infinity: not in sight. */
  readonly deadlineMs: number;
  tick(nowMs: number): void;
}

/** Evaluations wait for what is due in one slot: of ten thousand streams, for the pings of some fifty. */
const RESOLUTION_MS = 25;
/** A member is looked at at least this often: its deadline may have moved closer. */
const SLEEP_MS_MAX = 2_000;

export class TickWheel {
  readonly #monotonicMs: () => number;
  readonly #logger: Logger;
  /** Members by the slot of time in which they are looked at. */
  readonly #slots = new Map<number, Set<Ticked>>();
  readonly #slotOf = new Map<Ticked, number>();
  #lastSlot: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(monotonicMs: () => number, logger: Logger) {
    this.#monotonicMs = monotonicMs;
    this.#logger = logger;
    this.#lastSlot = slotAt(monotonicMs());
  }

  get size(): number {
    return this.#slotOf.size;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.advance(), RESOLUTION_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  add(member: Ticked): void {
    const nowMs = this.#monotonicMs();
    // The current slot may be over already; the next one is not.
    const dueMs = Math.max(nowMs, Math.min(member.deadlineMs, nowMs + SLEEP_MS_MAX));
    this.#put(member, Math.max(slotAt(dueMs), this.#lastSlot) + 1);
  }

  remove(member: Ticked): void {
    const slot = this.#slotOf.get(member);
    if (slot === undefined) return;
    this.#slotOf.delete(member);
    const members = this.#slots.get(slot);
    members?.delete(member);
    if (members?.size === 0) this.#slots.delete(slot);
  }

  /** Looks at the members whose time has come. The timer calls it. */
  advance(): void {
    const nowMs = this.#monotonicMs();
    const current = slotAt(nowMs);
    // After a long pause the slots that exist are fewer than those that passed.
    const due = [...this.#slots.keys()].filter((slot) => slot <= current).sort((a, b) => a - b);
    this.#lastSlot = Math.max(this.#lastSlot, current);
    for (const slot of due) {
      const members = this.#slots.get(slot);
      this.#slots.delete(slot);
      for (const member of members ?? []) {
        this.#slotOf.delete(member);
        this.#look(member, nowMs);
      }
    }
  }

  #look(member: Ticked, nowMs: number): void {
    if (nowMs >= member.deadlineMs) {
      try {
        member.tick(nowMs);
      } catch (err) {
        this.#logger.error({ err }, 'a stream failed at its tick');
      }
    }
    // A tick may have ended the member, or put it back by itself.
    if (member.deadlineMs !== Number.POSITIVE_INFINITY && !this.#slotOf.has(member)) this.add(member);
  }

  #put(member: Ticked, slot: number): void {
    this.remove(member);
    this.#slotOf.set(member, slot);
    const members = this.#slots.get(slot);
    if (members === undefined) this.#slots.set(slot, new Set([member]));
    else members.add(member);
  }
}

function slotAt(ms: number): number {
  return Math.floor(ms / RESOLUTION_MS);
}

/** Whether a process has had time to spare, and nobody was refused meanwhile. Pure. */

/** Share of the time looked at in which the event loop had nothing to do. */
const ENOUGH = 0.25;
/** What is looked at is as long, or half as long: longer than a pause for garbage, shorter than people wait. */
const WINDOW_MS = 3_000;

interface Mark {
  readonly atMs: number;
  /** Idle until then. */
  readonly idleMs: number;
}

export class IdleTime {
  #before: Mark = { atMs: 0, idleMs: 0 };
  #middle: Mark = this.#before;
  #isEnough = true;

  /** When it was looked at last. */
  get isEnough(): boolean {
    return this.#isEnough;
  }

  /**
   * @param nowMs monotonic
   * @param idleMs idle so far
   */
  look(nowMs: number, idleMs: number): void {
    if (nowMs - this.#middle.atMs <= WINDOW_MS / 2) return;
    this.#isEnough = idleMs - this.#before.idleMs >= ENOUGH * (nowMs - this.#before.atMs);
    this.#before = this.#middle;
    this.#middle = { atMs: nowMs, idleMs };
  }

  /** Somebody was refused. */
  startOver(nowMs: number, idleMs: number): void {
    this.#isEnough = false;
    this.#before = { atMs: nowMs, idleMs };
    this.#middle = this.#before;
  }
}

/**
 * Starts what takes long a few at a time, so that what was started goes on in
 * between. A crowd that comes at once is served in its order; without this its
 * first would wait for its last, and run out of time.
 */
export class PacedStarts<T> {
  readonly #perTurn: number;
  readonly #start: (item: T) => void;
  readonly #afterTurn: (callback: () => void) => void;
  #waiting: T[] = [];
  #startedThisTurn = 0;
  #scheduled = false;

  /** @param afterTurn calls back in the next turn of the event loop */
  constructor(perTurn: number, start: (item: T) => void, afterTurn: (callback: () => void) => void) {
    this.#perTurn = perTurn;
    this.#start = start;
    this.#afterTurn = afterTurn;
  }

  /** Starts it now, or in a turn to come. */
  add(item: T): void {
    this.#schedule();
    if (this.#startedThisTurn < this.#perTurn && this.#waiting.length === 0) {
      this.#startedThisTurn += 1;
      this.#start(item);
    } else this.#waiting.push(item);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#afterTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    const now = this.#waiting.slice(0, this.#perTurn);
    this.#waiting = this.#waiting.slice(this.#perTurn);
    this.#startedThisTurn = now.length;
    if (now.length > 0) this.#schedule();
    for (const item of now) this.#start(item);
  };
}

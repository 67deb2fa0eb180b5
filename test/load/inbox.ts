// What came from the network, until the event loop has read every socket that has something: the last client's moment of
// receipt is then not that of the work of all clients before it, which on a real machine of its own would not be there.

export class Inbox {
  #waiting: (() => void)[] = [];

  /** `take` runs soon, after everything that was added before. */
  add(take: () => void): void {
    if (this.#waiting.push(take) === 1) setImmediate(() => this.#empty());
  }

  #empty(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const take of waiting) take();
  }
}

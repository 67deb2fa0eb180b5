/**
 * Who waits for a revision to be in NATS (write_ack: shipped).
 */
export class ShipAcks {
  readonly #waiting = new Set<{ readonly revision: number; readonly resolve: (shipped: boolean) => void }>();
  #shipped = 0;

  /** NATS is known to hold the log up to this revision. */
  shipped(revision: number): void {
    this.#shipped = revision;
    for (const waiter of this.#waiting) {
      if (waiter.revision > revision) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(true);
    }
  }

  /** False when that did not happen in time. */
  async wait(revision: number, timeoutMs: number): Promise<boolean> {
    if (revision <= this.#shipped) return true;
    let timer: NodeJS.Timeout | undefined;
    const shipped = await new Promise<boolean>((resolve) => {
      const waiter = { revision, resolve };
      this.#waiting.add(waiter);
      timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        resolve(false);
      }, timeoutMs);
    });
    clearTimeout(timer);
    return shipped;
  }
}

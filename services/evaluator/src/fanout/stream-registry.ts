/**
 * All open streams of a kind: counts them for the metrics and says goodbye to
 * them when the process stops.
 */

export interface OpenStream {
  /** It has something unsent or unacknowledged. */
  readonly dirty: boolean;
  /** The process stops: the client has this long to move. */
  drain(deadlineMs: number): void;
}

export class StreamRegistry {
  readonly #streams = new Set<OpenStream>();
  readonly #closed = new Map<string, number>();
  #divergences = 0;
  #emptied: (() => void) | undefined;
  /** Set once the process stops. */
  #drainMs: number | undefined;

  get size(): number {
    return this.#streams.size;
  }

  get dirty(): number {
    let count = 0;
    for (const stream of this.#streams) if (stream.dirty) count += 1;
    return count;
  }

  /** Streams that ended so far, by reason. */
  get closed(): ReadonlyMap<string, number> {
    return this.#closed;
  }

  /** Clients so far whose set was found to be another one. */
  get divergences(): number {
    return this.#divergences;
  }

  diverged(): void {
    this.#divergences += 1;
  }

  /** A stream that opens after the goodbye, as one that waited for its revision may, is told at once. */
  add(stream: OpenStream): void {
    this.#streams.add(stream);
    if (this.#drainMs !== undefined) stream.drain(this.#drainMs);
  }

  remove(stream: OpenStream, reason: string): void {
    if (!this.#streams.delete(stream)) return;
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1);
    if (this.#streams.size === 0) this.#emptied?.();
  }

  /** Asks every client to move; resolves when all have, or after graceMs. */
  async drain(graceMs: number): Promise<void> {
    this.#drainMs = graceMs;
    for (const stream of this.#streams) stream.drain(graceMs);
    if (this.#streams.size === 0 || graceMs === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
  }
}

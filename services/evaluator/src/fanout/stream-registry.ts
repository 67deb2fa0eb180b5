/**
 * All open streams of a kind: counts them for the metrics and says goodbye to
 * them when the process stops.
 */
import { setTimeout as delay, setImmediate } from 'node:timers/promises';

/** How long clients have to move when the process stops. */
export interface DrainWindow {
  /** Their streams end after this. */
  readonly deadlineMs: number;
  /** They begin within this, at random. */
  readonly reconnectMaxMs: number;
}

export interface OpenStream {
  /** It has something unsent or unacknowledged. */
  readonly dirty: boolean;
  drain(window: DrainWindow): void;
}

/** The event loop has its turn in between: evaluations go on until the end. */
const GOODBYES_BEFORE_YIELD = 200;
/** Between some goodbyes and the next, where they are spread. */
const GOODBYES_EVERY_MS = 50;

export class StreamRegistry {
  readonly #streams = new Set<OpenStream>();
  readonly #closed = new Map<string, number>();
  #divergences = 0;
  #emptied: (() => void) | undefined;
  /** Set once the process stops. */
  #window: DrainWindow | undefined;

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
    if (this.#window !== undefined) stream.drain(this.#window);
  }

  remove(stream: OpenStream, reason: string): void {
    if (!this.#streams.delete(stream)) return;
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1);
    if (this.#streams.size === 0) this.#emptied?.();
  }

  /**
   * Asks every client to move; resolves when all have, or when their time is over.
   * @param overMs one after the other over so long: of clients that do not wait before they connect elsewhere
   */
  async drain(window: DrainWindow, overMs = 0): Promise<void> {
    const { deadlineMs } = window;
    this.#window = window;
    const over = deadlineMs === 0 ? undefined : this.#emptyWithin(deadlineMs);
    const isSpread = overMs > GOODBYES_EVERY_MS;
    const atOnce = isSpread
      ? Math.ceil((this.#streams.size * GOODBYES_EVERY_MS) / overMs)
      : GOODBYES_BEFORE_YIELD;
    let told = 0;
    for (const stream of [...this.#streams]) {
      if (this.#streams.has(stream)) stream.drain(window);
      told += 1;
      if (told % atOnce === 0) await (isSpread ? delay(GOODBYES_EVERY_MS) : setImmediate());
    }
    await over;
  }

  async #emptyWithin(ms: number): Promise<void> {
    if (this.#streams.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

/**
 * A simulated world: one clock, one source of chance, one queue of what will
 * happen. Nothing in it waits, and nothing in it looks outside: a seed is a
 * history.
 */
import { EventQueue, type FutureEvent } from './event-queue.ts';
import { Random } from './random.ts';
import { Trace } from './trace.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Is given each line of the trace as it comes. */
  readonly print?: (line: string) => void;
}

/** More than any seed needs: a world that goes round in circles is a finding, not a hang. */
const EVENTS_MAX = 200_000;

export class World {
  readonly random: Random;
  readonly trace: Trace;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #events = 0;
  #promised = false;
  #ended: { readonly reason: unknown } | undefined;

  constructor(options: WorldOptions) {
    this.random = new Random(options.seed);
    this.trace = new Trace(options.print);
  }

  /** True time, in milliseconds since the world began: nobody in it can read it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  after(delayMs: number, run: () => void): FutureEvent {
    return this.#queue.put(this.#nowMs + Math.max(0, delayMs), run);
  }

  /** Nothing happens any more; whoever lets time pass is thrown this. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
  }

  say(who: string, what: string): void {
    this.trace.line(this.#nowMs, who, what);
  }

  /** A promise of this world was made or kept: what waits for it goes on before anything else happens. */
  promised(): void {
    this.#promised = true;
  }

  /** Lets everything happen until a moment. */
  async runUntil(ms: number): Promise<void> {
    if (this.#promised) await this.#keepPromises();
    while (this.#queue.nextMs <= ms) {
      const event = this.#queue.take()!;
      if (event.cancelled) continue;
      this.#nowMs = event.ms;
      this.#events += 1;
      if (this.#events > EVENTS_MAX)
        throw new Error(`more than ${EVENTS_MAX} events: the world does not settle`);
      event.run();
      if (this.#promised) await this.#keepPromises();
      if (this.#ended !== undefined) throw this.#ended.reason;
    }
    this.#nowMs = ms;
  }

  /** All microtasks run before the next macrotask: in one order, whatever the machine does. */
  async #keepPromises(): Promise<void> {
    this.#promised = false;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

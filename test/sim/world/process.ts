/**
 * A process on a machine: it is up or not, and what it had planned is gone when
 * it crashes. Its clocks are its own: the monotonic one starts anyhow, the wall
 * clock may be wrong and may jump.
 */
import type { World } from './world.ts';

/** Where the worlds begin on the wall: any moment does. */
const WALL_START_MS = 1_700_000_000_000;
/** The monotonic clocks of two boots have nothing in common. */
const MONOTONIC_SPREAD_MS = 1_000_000;

export abstract class Process {
  readonly name: string;
  readonly world: World;
  #life = 0;
  #up = false;
  #bootMs = 0;
  /** How wrong the wall clock is. */
  wallErrorMs = 0;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Counts starts. */
  get life(): number {
    return this.#life;
  }

  readonly nowMs = (): number => this.world.nowMs + this.#bootMs;
  readonly wallMs = (): number => Math.floor(WALL_START_MS + this.world.nowMs + this.wallErrorMs);

  start(): void {
    if (this.#up) return;
    this.#up = true;
    this.#life += 1;
    this.#bootMs = this.world.random.int(0, MONOTONIC_SPREAD_MS);
    this.say(`starts (life ${this.#life})`);
    this.started();
  }

  crash(): void {
    if (!this.#up) return;
    this.#up = false;
    this.say('crashes');
    this.crashed();
  }

  /** In this life, after a delay; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const life = this.#life;
    const event = this.world.after(delayMs, () => {
      if (this.#up && this.#life === life) run();
    });
    return () => {
      event.cancelled = true;
    };
  }

  /** In this life, again and again. */
  every(periodMs: number, run: () => void): void {
    this.after(periodMs, () => {
      run();
      this.every(periodMs, run);
    });
  }

  say(what: string): void {
    this.world.say(this.name, what);
  }

  protected abstract started(): void;
  protected abstract crashed(): void;
}

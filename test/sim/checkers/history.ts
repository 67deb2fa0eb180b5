/**
 * The history of one simulated world: hands each observation to the true past
 * and then to every checker. A violated promise ends the world.
 */
import type { LogRecord } from '@flagstream/replica';
import type { AuditStore } from '../../../services/control-plane/src/log/audit-store.ts';
import type { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import { Atomic } from './atomic.ts';
import { Bookmarkable } from './bookmarkable.ts';
import type { Checker } from './checker.ts';
import { Confirmed } from './confirmed.ts';
import { Converged } from './converged.ts';
import { Decided } from './decided.ts';
import { Durable } from './durable.ts';
import { Fresh } from './fresh.ts';
import { Kept } from './kept.ts';
import type { Observation } from './observation.ts';
import { Ordered } from './ordered.ts';
import { Past } from './past.ts';
import { ReadYourWrites } from './read-your-writes.ts';
import { Reliable } from './reliable.ts';
import { Resumable } from './resumable.ts';
import { Survives } from './survives.ts';
import { Unique } from './unique.ts';

/** An observation without its moment, which the history adds. */
type Unstamped = Observation extends infer One ? (One extends Observation ? Omit<One, 'ms'> : never) : never;

export function allCheckers(): readonly Checker[] {
  return [
    new Ordered(),
    new Unique(),
    new Reliable(),
    new Atomic(),
    new Resumable(),
    new Bookmarkable(),
    new Converged(),
    new Confirmed(),
    new Durable(),
    new Fresh(),
    new ReadYourWrites(),
    new Decided(),
    new Kept(),
    new Survives(),
  ];
}

export class History {
  readonly past = new Past();
  readonly #world: World;
  readonly #checkers: readonly Checker[];
  /** Whose log is the log. */
  #authority: Process | undefined;

  #copyWrote = false;

  constructor(world: World, checkers: readonly Checker[] = allCheckers()) {
    this.#world = world;
    this.#checkers = checkers;
  }

  /** A second control plane has committed something, an epoch or a change. */
  get copyWrote(): boolean {
    return this.#copyWrote;
  }

  trust(authority: Process): void {
    this.#authority = authority;
  }

  observe(unstamped: Unstamped): void {
    const observation = { ...unstamped, ms: this.#world.nowMs } as Observation;
    this.past.observe(observation);
    for (const checker of this.#checkers)
      try {
        checker.observe(observation, this.past);
      } catch (error) {
        // Production code may catch what is thrown through it: the world ends all the same.
        this.#world.end(error);
        throw error;
      }
  }

  logOpened(by: Process, store: AuditStore, decode: (bytes: Uint8Array) => LogRecord): void {
    if (by !== this.#authority) return;
    const records = store.readLog(0, Number.MAX_SAFE_INTEGER).map(({ bytes }) => decode(bytes));
    this.observe({ type: 'log-opened', records, restored: store.restoredMark() });
  }

  epochBegun(by: Process, begun: { readonly byPerson: boolean; readonly foreign: boolean }): void {
    if (by === this.#authority) this.observe({ type: 'epoch-begun', ...begun });
  }

  fleetBegun(by: Process): void {
    if (by === this.#authority) this.observe({ type: 'fleet-begun' });
  }

  committed(by: Process, record: LogRecord): void {
    const isOurs = by === this.#authority;
    if (!isOurs) this.#copyWrote = true;
    this.observe({ type: isOurs ? 'committed' : 'foreign', record });
  }
}

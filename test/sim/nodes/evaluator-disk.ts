/**
 * An evaluator's disk through all its lives: production's cache over a simulated
 * folder, and what must be found there after the next crash.
 */
import type { Guarded } from '@flagstream/protocol';
import { type Codec, comparePositions, type LogRecord, type LogState, type Place } from '@flagstream/replica';
import { sortNames } from '../../../services/evaluator/src/cache/cache-names.ts';
import type { CacheProblem } from '../../../services/evaluator/src/cache/cache-problem.ts';
import { EvaluatorCache, type OpenedCache } from '../../../services/evaluator/src/cache/evaluator-cache.ts';
import type { EvaluatorState } from '../../../services/evaluator/src/state/evaluator-state.ts';
import type { HeldUnits } from '../../../services/evaluator/src/state/held-units.ts';
import { Disk } from '../world/disk.ts';
import type { Process } from '../world/process.ts';
import { SimCacheFolder } from './sim-cache-folder.ts';

/** The cache's minute between two snapshots passes in five seconds. */
const CLOCK_RATE = 12;

export interface DiskUser {
  readonly state: () => LogState;
  readonly held: () => HeldUnits;
}

export class EvaluatorDisk {
  readonly #process: Process;
  readonly #codec: Codec;
  readonly #disk = new Disk();
  #cache: EvaluatorCache | undefined;
  #state: () => LogState = () => {
    throw new Error('nothing was opened');
  };
  #snapshots = 0;
  /** What is found after the process was killed, and after power was lost; undefined: nothing is sure. */
  #written: Place | undefined;
  #synced: Place | undefined;
  /** The state was replaced by this one, and it is not written yet: what is applied since leads on from nothing. */
  #replacedBy: Place | undefined;

  /** Compiles a piece of what was found. */
  readonly compiling: Guarded = (work) => (this.#cache === undefined ? work() : this.#cache.compiling(work));

  constructor(process: Process, codec: Codec) {
    this.#process = process;
    this.#codec = codec;
  }

  /** Of this life; undefined until it was opened. */
  get cache(): EvaluatorCache | undefined {
    return this.#cache;
  }

  /** What a start must find, at the least. */
  get atLeast(): Place | undefined {
    return this.#written;
  }

  /** Opens what is there, for a release of the program; tells it within the same event. */
  open(release: string, user: DiskUser, opened: (cache: OpenedCache) => void): void {
    const { world, life } = this.#process;
    this.#cache = undefined;
    this.#state = user.state;
    world.promised();
    const folder = new SimCacheFolder(this.#process, this.#disk);
    const now = (): number => this.#process.nowMs() * CLOCK_RATE;
    const report = ({ file, detail }: CacheProblem): void => this.#process.say(`cache: ${file}: ${detail}`);
    EvaluatorCache.open({ folder, codec: this.#codec, release, now, ...user, report })
      .then((found) => {
        if (!this.#process.up || this.#process.life !== life) return;
        for (const problem of found.problems) report(problem);
        this.#cache = found.cache;
        this.#snapshots = 0;
        this.#replacedBy = undefined;
        opened(found);
        this.#written = found.state.position.revision > 0 ? found.state.position : undefined;
      })
      .catch((error: unknown) => world.end(error));
  }

  /** As the real driver before an event that may move the state. */
  applying(upTo: Place): void {
    this.#cache?.applying(upTo);
  }

  applied(records: readonly LogRecord[]): void {
    this.#cache?.applied(records);
    this.#lookAtSnapshots();
    const newest = records.at(-1);
    if (newest !== undefined && this.#written !== undefined && this.#replacedBy === undefined)
      this.#written = newest;
  }

  replaced(): void {
    const { position } = this.#state();
    // What the folder holds is removed when it is of another branch.
    if (this.#written !== undefined && comparePositions(position, this.#written) < 0) this.#forget();
    this.#replacedBy = position;
    this.#cache?.replaced();
  }

  tick(state: EvaluatorState): void {
    // As LaterCompile does, one unit at a time.
    if (state.compile(() => true)) this.#cache?.loaded();
    this.#cache?.tick();
    this.#lookAtSnapshots();
  }

  async close(): Promise<void> {
    await this.#cache?.close();
    this.#lookAtSnapshots();
  }

  losePower(): void {
    this.#disk.losePower(this.#process.world.random, { tears: true });
    this.#written = this.#synced;
  }

  /** Another machine, with an empty disk. */
  replace(): void {
    this.#disk.replaceBy(new Disk());
    this.#forget();
  }

  /** Nothing that is there must be found. */
  #forget(): void {
    this.#written = undefined;
    this.#synced = undefined;
  }

  #lookAtSnapshots(): void {
    const { snapshots } = this.#cache?.counters ?? { snapshots: 0 };
    if (snapshots === this.#snapshots) return;
    this.#snapshots = snapshots;
    this.#synced = sortNames(this.#disk.names()).snapshots[0]?.place;
    // One that was begun before the state was replaced is not of it.
    const isOfBefore =
      this.#replacedBy !== undefined &&
      (this.#synced === undefined || comparePositions(this.#synced, this.#replacedBy) < 0);
    if (isOfBefore) return;
    this.#replacedBy = undefined;
    this.#written = this.#state().position;
  }
}

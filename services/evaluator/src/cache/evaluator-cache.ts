/**
 * An evaluator's own copy on disk: it restarts serving what it served, with
 * everything else down. A snapshot now and then, durable; a tail of what was
 * applied since, with the operating system at once; last good versions of what
 * is in quarantine; and the markers of the poison guards.
 *
 * Holds true: what is loaded is the fold of a prefix of the log, whatever became
 * of the files; nothing that goes wrong here stops serving.
 */
import { FlagstreamError, LIMITS } from '@flagstream/protocol';
import {
  bytesEqual,
  type Codec,
  comparePositions,
  type LogRecord,
  type LogState,
  type Place,
  PoisonGuard,
} from '@flagstream/replica';
import type { HeldUnits } from '../state/held-units.ts';
import type { CacheFolder } from './cache-folder.ts';
import { CacheLoader } from './cache-loader.ts';
import { type CacheListing, heldName, LOADING_FILE, MARKER_FILE, sortNames } from './cache-names.ts';
import { type CacheProblem, problemOf } from './cache-problem.ts';
import { encodeHeld } from './held-file.ts';
import { LoadingGuard } from './loading-guard.ts';
import { MarkerFile } from './marker-file.ts';
import { needlessFiles } from './needless-files.ts';
import { writeSnapshot } from './snapshot-file.ts';
import { stateSnapshot } from './state-snapshot.ts';
import { Tail } from './tail.ts';

export interface EvaluatorCacheOptions {
  readonly folder: CacheFolder;
  readonly codec: Codec;
  /** Of this program: a record that ended another release is tried again. */
  readonly release: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** What is being followed; read when something is to be written, never while opening. */
  readonly state: () => LogState;
  /** Last good versions of what is in quarantine; read as `state` is. */
  readonly held: () => HeldUnits;
  /** Something went wrong after opening. */
  readonly report: (problem: CacheProblem) => void;
}

export interface OpenedCache {
  readonly cache: EvaluatorCache;
  /** At the origin when nothing could be loaded. */
  readonly state: LogState;
  readonly held: HeldUnits | undefined;
  /** Set: this place and all after it must not be applied; they ended this process twice. */
  readonly frozenBefore: Place | undefined;
  /** What was wrong with the files. */
  readonly problems: readonly CacheProblem[];
}

/** What a start found. */
interface Found {
  readonly guard: PoisonGuard;
  readonly loading: LoadingGuard;
  readonly loader: CacheLoader;
  readonly listing: CacheListing;
  readonly state: LogState;
}

/** A disk that is full fails at every write: each kind of write says so this often. */
const REPORT_EVERY_MS = 60_000;

type Write = 'marker' | 'tail' | 'held' | 'snapshot' | 'close';

export class EvaluatorCache {
  /** This process started without what had ended it again and again. */
  readonly poisoned: boolean;
  readonly #options: EvaluatorCacheOptions;
  readonly #tail: Tail;
  readonly #marker: MarkerFile;
  readonly #loading: LoadingGuard;
  readonly #guard: PoisonGuard;
  readonly #counters = { snapshots: 0, failures: 0 };
  readonly #reportedMs = new Map<Write, number>();
  /** What was found is not in force before: then nothing is known to be worth writing. */
  #inForce = false;
  /** What was found has to be compiled yet, or some of it. */
  #compiles: boolean;
  /** The folder is ours to write in. */
  #claimed = false;
  #logIdentity: Uint8Array;
  #at: Place;
  #heldGeneration: number;
  #heldChanged = false;
  /** Something was applied that no snapshot holds. */
  #unsaved: boolean;
  #attemptedMs: number;
  /** Other files are of a log, or a branch of it, that is no longer true. */
  #obsolete = false;
  #useless: ReadonlySet<string>;
  #saving: Promise<void> | undefined;
  /** Everything that runs beside the calls, so that closing can wait for it. */
  #beside: Promise<void> = Promise.resolve();

  /**
   * Loads what the folder holds and begins to write in it. Never throws because
   * of the files or the file system: then it starts with what there is. Call
   * `activating` before what was found comes in force, `activated` when it is, and `loaded` once all of it is compiled.
   * @throws FlagstreamError DATA_DIR_LOCKED when another process has the folder
   */
  static async open(options: EvaluatorCacheOptions): Promise<OpenedCache> {
    const { folder, codec, release } = options;
    const loader = new CacheLoader(folder, codec);
    const claimed = await claim(folder, loader.problems);
    const found = await loader.listing();
    const guard = new PoisonGuard(release, await loader.marker(MARKER_FILE));
    const loading = new LoadingGuard(folder, release, await loader.marker(LOADING_FILE));
    const { problems } = loader;
    const listing = loading.usable(found);
    problems.push(...loading.problems);
    const state = await loader.state(listing, guard.frozenBefore, (place, work) => {
      if (claimed) reported(problems, () => loading.begin(place));
      try {
        return work();
      } finally {
        if (claimed) reported(problems, () => loading.pause());
      }
    });
    const held = await loader.held(listing);
    const cache = new EvaluatorCache(options, { guard, loading, loader, listing, state });
    if (claimed) cache.#begin();
    return { cache, state, held, frozenBefore: guard.frozenBefore, problems };
  }

  private constructor(options: EvaluatorCacheOptions, { guard, loading, loader, listing, state }: Found) {
    this.#options = options;
    this.#guard = guard;
    this.#loading = loading;
    this.#tail = new Tail(options.folder);
    this.#marker = new MarkerFile(options.folder, MARKER_FILE);
    this.#heldGeneration = listing.held[0] ?? 0;
    this.#unsaved = loader.replayed;
    this.#useless = loader.passedOver;
    this.poisoned = loading.passesOver;
    this.#attemptedMs = options.now();
    this.#logIdentity = state.logIdentity;
    this.#at = state.position;
    this.#compiles = state.position.revision > 0;
  }

  /** Snapshots written, and writes of any kind that failed. */
  get counters(): Readonly<Record<'snapshots' | 'failures', number>> {
    return this.#counters;
  }

  /** Bytes of records that no snapshot holds yet. */
  get tailBytes(): number {
    return this.#tail.bytes;
  }

  /** Records must be applied one at a time: one of the next ended this process before. */
  get oneByOne(): boolean {
    return this.#guard.oneByOne;
  }

  /** Before what was found comes in force, within this event. */
  activating(): void {
    this.#attempt('marker', () => this.#loading.begin());
  }

  /** What was found is in force, but not all of it compiled. */
  activated(): void {
    this.#inForce = true;
    this.#attempt('marker', () => this.#loading.pause());
  }

  /** Compiles a piece of what was found. */
  compiling<T>(work: () => T): T {
    if (!this.#compiles) return work();
    this.activating();
    const result = work();
    this.#attempt('marker', () => this.#loading.pause());
    return result;
  }

  /** What was found is in force and compiled: if this process ends now, that is not its doing. */
  loaded(): void {
    this.#inForce = true;
    this.#compiles = false;
    this.#attempt('marker', () => this.#loading.over());
  }

  /**
   * Before what comes is applied, up to this place. Follow with `applied` or
   * `replaced`, whatever became of it.
   */
  applying(last: Place): void {
    // Without anything to serve, staying before it helps nobody.
    if (this.#at.revision === 0) return;
    const first = { epoch: this.#at.epoch, revision: this.#at.revision + 1 };
    this.#attempt('marker', () => this.#marker.set(this.#guard.applying(first, last)));
  }

  /** What is in quarantine changed; call it before `applied` or `replaced`. */
  quarantineChanged(): void {
    this.#heldChanged = true;
  }

  /** These records are in force, in this order; none when none was new. */
  applied(records: readonly LogRecord[]): void {
    // First: a tail never holds a bad version whose last good one is nowhere.
    this.#hold();
    const newest = records.at(-1);
    const after = this.#at;
    if (newest !== undefined) this.#at = { epoch: newest.epoch, revision: newest.revision };
    // Before the tail: dying over what follows is not the records' doing.
    this.#passed();
    if (newest !== undefined) {
      this.#unsaved = true;
      if (after.revision === 0) this.#logIdentity = this.#options.state().logIdentity;
      if (!this.#loading.isBehind(after)) this.#attempt('tail', () => this.#tail.append(after, records));
      // The next start passes over all tails until there is a snapshot from here on.
      else if (!this.#loading.isBehind(this.#at)) this.#attemptedMs = Number.NEGATIVE_INFINITY;
    }
    this.tick();
  }

  /** The state is that of a snapshot. */
  replaced(): void {
    this.#hold();
    const { position, logIdentity } = this.#options.state();
    const onward = bytesEqual(logIdentity, this.#logIdentity) && comparePositions(position, this.#at) >= 0;
    // Whose the files are that were passed over, nobody knows.
    const fromNothing = this.#at.revision === 0 && this.#loading.passesOver;
    if (!onward && !fromNothing) this.#obsolete = true;
    this.#at = position;
    this.#logIdentity = logIdentity;
    this.#tail.end();
    this.#passed();
    this.#unsaved = true;
    void this.flush();
  }

  /** Writes a snapshot when one is due. Call it now and then. */
  tick(): void {
    if (!this.#unsaved || this.#saving !== undefined) return;
    if (this.#options.now() - this.#attemptedMs >= LIMITS.cacheSnapshotMs) void this.flush();
  }

  /** Writes a snapshot of what is in force now; resolves when it is durable, or its failure was reported. */
  async flush(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
    if (!this.#unsaved) return;
    this.#saving = this.#save();
    await this.#saving;
  }

  /** Writes what no snapshot holds, and gives the folder back. */
  async close(): Promise<void> {
    if (this.#inForce) await this.flush();
    this.#tail.end();
    await this.#beside;
    await this.#try('close', () => this.#tail.settled());
    await this.#try('close', () => this.#marker.close());
    await this.#try('close', () => this.#loading.close());
    await this.#try('close', () => this.#options.folder.release());
  }

  /** The folder is ours. */
  #begin(): void {
    this.#claimed = true;
    this.#attempt('marker', () => this.#marker.open(this.#guard.idle));
  }

  #passed(): void {
    this.#guard.applied(this.#at);
    this.#attempt('marker', () => this.#marker.set(this.#guard.idle));
  }

  #hold(): void {
    if (!this.#heldChanged) return;
    const { folder, held } = this.#options;
    const before = this.#heldGeneration;
    this.#attempt('held', () => {
      const file = folder.create(heldName(before + 1));
      file.append(encodeHeld(held()));
      this.#heldGeneration = before + 1;
      this.#heldChanged = false;
      this.#beside = this.#beside.then(async () => {
        await this.#try('held', async () => {
          await file.sync();
          await file.close();
          await folder.remove(heldName(before));
        });
      });
    });
  }

  async #save(): Promise<void> {
    const { folder, now, state } = this.#options;
    const snapshot = stateSnapshot(state());
    const { position } = snapshot;
    const obsolete = this.#obsolete;
    // What is applied from here on stands in a new tail; the one until here stays until this is durable.
    this.#tail.end();
    this.#attemptedMs = now();
    this.#unsaved = false;
    const done = await this.#try('snapshot', async () => {
      await folder.claim();
      if (!this.#claimed) {
        this.#begin();
        if (!this.#compiles) this.loaded();
      }
      this.#hold();
      await writeSnapshot(folder, snapshot);
      this.#counters.snapshots += 1;
      if (obsolete) this.#obsolete = false;
      await this.#clean(position, obsolete);
    });
    if (!done) this.#unsaved = true;
    this.#saving = undefined;
  }

  /** Removes what the newest snapshots make needless. */
  async #clean(written: Place, obsolete: boolean): Promise<void> {
    const { folder } = this.#options;
    const found = sortNames(await folder.list());
    const passedOver = found.snapshots.filter(
      ({ place }) => this.#loading.isPassedOver(place) && comparePositions(place, written) !== 0,
    );
    const behind = !obsolete && this.#loading.isBehind(written);
    const others = found.snapshots.filter((file) => !passedOver.includes(file));
    const listing = behind ? { ...found, snapshots: others } : found;
    const unusable = new Set([...this.#useless, ...passedOver.map(({ name }) => name)]);
    if (!behind) this.#attempt('marker', () => this.#loading.outlived());
    const use = { written, obsolete, unusable, openTail: this.#tail.place };
    for (const name of needlessFiles(listing, use)) await folder.remove(name);
    this.#useless = new Set();
    await folder.sync();
  }

  /** Does something to the folder at once, if it is ours. */
  #attempt(what: Write, work: () => void): void {
    if (!this.#claimed) return;
    try {
      work();
    } catch (thrown) {
      this.#failed(what, thrown);
    }
  }

  async #try(what: Write, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#failed(what, thrown);
      return false;
    }
  }

  #failed(what: Write, thrown: unknown): void {
    this.#counters.failures += 1;
    const nowMs = this.#options.now();
    const reportedMs = this.#reportedMs.get(what);
    if (reportedMs !== undefined && nowMs - reportedMs < REPORT_EVERY_MS) return;
    this.#reportedMs.set(what, nowMs);
    this.#options.report(problemOf(what, thrown, 'unwritable'));
  }
}

async function claim(folder: CacheFolder, problems: CacheProblem[]): Promise<boolean> {
  try {
    await folder.claim();
    return true;
  } catch (thrown) {
    if (thrown instanceof FlagstreamError && thrown.reason === 'DATA_DIR_LOCKED') throw thrown;
    problems.push(problemOf('', thrown, 'unwritable'));
    return false;
  }
}

function reported(problems: CacheProblem[], work: () => void): void {
  try {
    work();
  } catch (thrown) {
    problems.push(problemOf('', thrown, 'unwritable'));
  }
}

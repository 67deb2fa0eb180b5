/**
 * What the folder says: the newest snapshot that is whole, and every record of
 * the tails that continues it. Never throws: what cannot be used is passed over
 * and reported, and what is loaded is always the fold of a prefix of the log.
 */
import {
  type Codec,
  comparePositions,
  LogState,
  type Place,
  type PoisonMarker,
  parseMarker,
} from '@flagstream/replica';
import type { HeldUnits } from '../state/held-units.ts';
import type { CacheFolder } from './cache-folder.ts';
import { type CacheListing, heldName, sortNames, tailName } from './cache-names.ts';
import { CacheFault, type CacheProblem, problemOf } from './cache-problem.ts';
import { decodeHeld } from './held-file.ts';
import { readSnapshot } from './snapshot-file.ts';
import { readTail } from './tail-file.ts';

/** Runs what may end the process, and tells of what it threw as it is. */
export type Guarded = <T>(place: Place, work: () => T) => T;

export class CacheLoader {
  readonly problems: CacheProblem[] = [];
  /** Snapshots that cannot be used. */
  readonly passedOver: Set<string> = new Set();
  /** Whether records of tails were needed. */
  replayed: boolean = false;
  readonly #folder: CacheFolder;
  readonly #codec: Codec;

  constructor(folder: CacheFolder, codec: Codec) {
    this.#folder = folder;
    this.#codec = codec;
  }

  async listing(): Promise<CacheListing> {
    try {
      return sortNames(await this.#folder.list());
    } catch (thrown) {
      this.problems.push(problemOf('', thrown, 'unreadable'));
      return sortNames([]);
    }
  }

  async marker(name: string): Promise<PoisonMarker | undefined> {
    return this.#use(name, (bytes) => parseMarker(Buffer.from(bytes).toString()));
  }

  /** The newest version that is whole. */
  async held({ held }: CacheListing): Promise<HeldUnits | undefined> {
    for (const generation of held) {
      const units = await this.#use(heldName(generation), decodeHeld);
      if (units !== undefined) return units;
    }
    return undefined;
  }

  /**
   * The state as far as the files go, but before a place; at the origin when they say nothing.
   * @param guarded runs the work that a file's bytes are, in one go, given the place that is loaded from
   */
  async state(
    { snapshots, tails }: CacheListing,
    before: Place | undefined,
    guarded: Guarded = (_place, work) => work(),
  ): Promise<LogState> {
    const candidates = snapshots.filter(({ place }) => isBefore(place, before));
    const state = (await this.#newest(candidates, guarded)) ?? new LogState(this.#codec);
    const { epoch, revision } = state.position;
    const names = new Set(tails.map(({ name }) => name));
    // Each snapshot and each start began a tail where the one before it ended.
    for (let name = tailName(state.position); names.delete(name); name = tailName(state.position))
      await this.#use(name, (bytes) =>
        guarded({ epoch, revision }, () => this.#replay(bytes, state, before)),
      );
    return state;
  }

  async #newest(snapshots: CacheListing['snapshots'], guarded: Guarded): Promise<LogState | undefined> {
    for (const { name, place } of snapshots) {
      const state = await this.#use(name, (bytes) => guarded(place, () => this.#load(bytes, place)));
      if (state !== undefined) return state;
      this.passedOver.add(name);
    }
    return undefined;
  }

  #load(bytes: Uint8Array, place: Place): LogState {
    const loaded = LogState.fromSnapshot(this.#codec, readSnapshot(bytes));
    if (comparePositions(loaded.position, place) !== 0)
      throw new CacheFault('corrupt', 'it is not of the place in its name');
    return loaded;
  }

  #replay(bytes: Uint8Array, state: LogState, before: Place | undefined): void {
    for (const record of readTail(this.#codec, bytes)) {
      if (!isBefore(record, before)) return;
      const outcome = state.apply(record);
      if (outcome.kind === 'applied') {
        this.replayed = true;
        continue;
      }
      const kind = outcome.kind === 'frozen' ? 'newer-format' : 'corrupt';
      throw new CacheFault(
        kind,
        `revision ${record.revision} does not continue ${state.position.revision}: ${outcome.kind}`,
      );
    }
  }

  /** What a file says; undefined when it is not there, or cannot be used, which is reported. */
  async #use<T>(name: string, read: (bytes: Uint8Array) => T): Promise<T | undefined> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#folder.read(name);
    } catch (thrown) {
      this.problems.push(problemOf(name, thrown, 'unreadable'));
    }
    if (bytes === undefined) return undefined;
    try {
      return read(bytes);
    } catch (thrown) {
      this.problems.push(problemOf(name, thrown, 'corrupt'));
      return undefined;
    }
  }
}

const isBefore = (place: Place, before: Place | undefined): boolean =>
  before === undefined || comparePositions(place, before) < 0;

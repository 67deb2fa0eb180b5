/**
 * The poison guard of a start: a state on disk that ends the process when it is
 * decoded, folded or compiled must not end it at each start. Its marker names the
 * snapshot that is being loaded, and stands only while the process does that in
 * one go, never while it waits for the disk or for calls between two pieces of
 * compiling: a stop that was asked for is not taken for a death. A kill from
 * outside can be, so three deaths in a row count, until all of it is compiled.
 *
 * What ended so many starts of one release is passed over, with all tails: the
 * start goes on from the snapshot before it, or from nothing, and what it reads
 * from there is under the guard of what is applied. Nothing is removed for that:
 * the files stay until a snapshot from behind them is durable.
 */
import { comparePositions, ORIGIN, type Place, PoisonGuard, type PoisonMarker } from '@flagstream/replica';
import type { CacheFolder } from './cache-folder.ts';
import { type CacheListing, LOADING_FILE, snapshotName, tailName } from './cache-names.ts';
import type { CacheProblem } from './cache-problem.ts';
import { MarkerFile } from './marker-file.ts';

const DEATHS_MAX = 3;

/** Snapshots from the first to the last, and all tails; at the origin there are but tails. */
interface PassedOver {
  readonly first: Place;
  readonly last: Place;
}

export class LoadingGuard {
  readonly #guard: PoisonGuard;
  readonly #marker: MarkerFile;
  readonly #release: string;
  /** The file holds, or may hold, a marker. */
  #dirty: boolean;
  /** What is being loaded. */
  #place: Place = ORIGIN;
  #passedOver: PassedOver | undefined;
  /** The marker to keep while nothing is being loaded. */
  #idle: PoisonMarker | undefined;

  constructor(folder: CacheFolder, release: string, found: PoisonMarker | undefined) {
    this.#guard = new PoisonGuard(release, found, DEATHS_MAX);
    this.#marker = new MarkerFile(folder, LOADING_FILE);
    this.#release = release;
    this.#dirty = found !== undefined;
    this.#idle = this.#guard.idle;
  }

  /** Why something is missing that is on disk. */
  get problems(): readonly CacheProblem[] {
    if (this.#passedOver === undefined) return [];
    const { first } = this.#passedOver;
    const file = first.revision === ORIGIN.revision ? tailName(first) : snapshotName(first);
    const detail =
      `this process ended ${DEATHS_MAX} times while it loaded it: it is passed over, with what is newer ` +
      `and all tails; to try again, remove the file "${LOADING_FILE}" and start again`;
    return [{ kind: 'poison', file, detail }];
  }

  /** Something on disk was not loaded, and is not outlived yet. */
  get passesOver(): boolean {
    return this.#passedOver !== undefined;
  }

  isPassedOver(place: Place): boolean {
    const over = this.#passedOver;
    return over !== undefined && comparePositions(place, over.first) >= 0 && !isPast(place, over.last);
  }

  /** What is in force at this place has not got so far as what was passed over. */
  isBehind({ epoch, revision }: Place): boolean {
    const over = this.#passedOver;
    // How far a tail from the origin went is not known: any state is more than none.
    return over !== undefined && (revision === 0 || comparePositions({ epoch, revision }, over.last) < 0);
  }

  /** What may be loaded. */
  usable(listing: CacheListing): CacheListing {
    this.#passedOver = this.#toPassOver(listing);
    if (this.#passedOver === undefined) return listing;
    const snapshots = listing.snapshots.filter(({ place }) => !this.isPassedOver(place));
    return { ...listing, snapshots, tails: [] };
  }

  #toPassOver({ snapshots }: CacheListing): PassedOver | undefined {
    const found = this.#guard.idle;
    if (found === undefined) return undefined;
    const { first, last } = found;
    // A snapshot from behind it came to be and nobody could say so any more.
    if (snapshots.some(({ place }) => isPast(place, last))) return undefined;
    if (this.#guard.frozenBefore !== undefined) return { first, last };
    // It is under suspicion itself, loaded in place of what was passed over before.
    const over = snapshots.filter(({ place }) => isPast(place, first)).at(-1)?.place;
    return over === undefined ? undefined : { first: over, last };
  }

  /** Before the process is busy with what was loaded from a place. @throws what the file system says */
  begin(place: Place = this.#place): void {
    this.#place = place;
    this.#dirty = true;
    const last = this.#passedOver?.last ?? place;
    this.#marker.open({ ...this.#guard.applying(place, place), last });
  }

  /** Before something else is waited for. @throws what the file system says */
  pause(): void {
    if (this.#dirty) this.#marker.open(this.#idle);
  }

  /** What was loaded is in force and compiled: only what was passed over is still suspected. @throws what the file system says */
  over(): void {
    const release = this.#release;
    const over = this.#passedOver;
    this.#idle = over === undefined ? undefined : { state: 'frozen', ...over, deaths: DEATHS_MAX, release };
    if (this.#dirty) this.#marker.open(this.#idle);
    this.#dirty = this.#idle !== undefined;
  }

  /** What is in force is on disk, and makes needless what was passed over. @throws what the file system says */
  outlived(): void {
    this.#passedOver = undefined;
    this.over();
  }

  async close(): Promise<void> {
    await this.#marker.close();
  }
}

const isPast = (place: Place, last: Place): boolean => comparePositions(place, last) > 0;

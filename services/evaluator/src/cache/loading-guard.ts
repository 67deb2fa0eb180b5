/**
 * The poison guard of a start: a state on disk that ends the process when it is
 * read, folded or compiled must not end it at each start. Its marker names the
 * snapshot that is being loaded, with its tail. Found twice by the same release,
 * that snapshot and all tails are set aside: the start goes on with the snapshot
 * before, and what it reads from there is under the guard of what is applied.
 */
import { ORIGIN, type Place, PoisonGuard, type PoisonMarker } from '@flagstream/replica';
import type { CacheFolder } from './cache-folder.ts';
import { ASIDE, type CacheListing, LOADING_FILE, snapshotName, tailName } from './cache-names.ts';
import type { CacheProblem } from './cache-problem.ts';
import { MarkerFile } from './marker-file.ts';

export class LoadingGuard {
  readonly #folder: CacheFolder;
  readonly #guard: PoisonGuard;
  readonly #marker: MarkerFile;
  /** What the process before this one left. */
  #dirty: boolean;

  constructor(folder: CacheFolder, release: string, found: PoisonMarker | undefined) {
    this.#folder = folder;
    this.#guard = new PoisonGuard(release, found);
    this.#marker = new MarkerFile(folder, LOADING_FILE);
    this.#dirty = found !== undefined;
  }

  /** The snapshot that ended this process twice, or, at the origin, the tail of the log's beginning. */
  get skipped(): Place | undefined {
    return this.#guard.frozenBefore;
  }

  /** Why something is missing that is on disk. */
  get problems(): readonly CacheProblem[] {
    const place = this.skipped;
    if (place === undefined) return [];
    const file = place.revision === ORIGIN.revision ? tailName(place) : snapshotName(place);
    const detail = 'it ended this process twice while it was loaded: it and all tails are set aside';
    return [{ kind: 'poison', file, detail }];
  }

  /** What may be loaded. */
  usable(listing: CacheListing): CacheListing {
    const place = this.skipped;
    if (place === undefined) return listing;
    const snapshots = listing.snapshots.filter(({ name }) => name !== snapshotName(place));
    return { ...listing, snapshots, tails: [] };
  }

  /** Renames what may not be loaded, in place of what was set aside before. Again and again with the same end. */
  async setAside({ snapshots, tails }: CacheListing): Promise<void> {
    const place = this.skipped;
    if (place === undefined) return;
    const names = [...snapshots, ...tails].map(({ name }) => name);
    const skipped = names.filter((name) => name === snapshotName(place) || name.startsWith('tail-'));
    if (skipped.length === 0) return;
    const before = (await this.#folder.list()).filter((name) => name.startsWith(ASIDE));
    for (const name of before) await this.#folder.remove(name);
    for (const name of skipped) await this.#folder.rename(name, `${ASIDE}${name}`);
    await this.#folder.sync();
  }

  /** Before what lies at a place is read. @throws what the file system says */
  begin(place: Place): void {
    this.#dirty = true;
    this.#marker.open(this.#guard.applying(place, place));
  }

  /** What was loaded is in force. @throws what the file system says */
  over(): void {
    if (!this.#dirty) return;
    this.#marker.open(undefined);
    this.#dirty = false;
  }

  async close(): Promise<void> {
    await this.#marker.close();
  }
}

/** Which files of the cache's folder the newest snapshots make needless. Pure. */
import { comparePositions, type Place } from '@flagstream/replica';
import type { CacheListing } from './cache-names.ts';

/** The newest, and the one before in case the newest is damaged. */
const SNAPSHOTS_KEPT = 2;

export interface FolderUse {
  /** Of the snapshot that was written just now. */
  readonly written: Place;
  /** What is older than it is of a log, or a branch of it, that is no longer true. */
  readonly obsolete: boolean;
  /** Names of snapshots that cannot be read. */
  readonly unusable: ReadonlySet<string>;
  /** Where the tail that is being written begins; undefined when there is none. */
  readonly openTail: Place | undefined;
}

/** Their names. What is left says the same as all of it did. */
export function needlessFiles(
  { snapshots, tails }: Pick<CacheListing, 'snapshots' | 'tails'>,
  { written, obsolete, unusable, openTail }: FolderUse,
): readonly string[] {
  const usable = snapshots.filter(({ name }) => !unusable.has(name));
  const kept = obsolete
    ? usable.filter(({ place }) => isSame(place, written))
    : usable.slice(0, SNAPSHOTS_KEPT);
  // The first snapshot is backed by the tail from the log's start.
  const oldest = kept.length >= SNAPSHOTS_KEPT ? kept.at(-1)?.place : undefined;
  const isNeedless = (place: Place): boolean =>
    obsolete
      ? !isSame(place, written) && !(openTail !== undefined && isSame(place, openTail))
      : oldest !== undefined && comparePositions(place, oldest) < 0;
  return [
    ...snapshots.filter((file) => !kept.includes(file)),
    ...tails.filter(({ place }) => isNeedless(place)),
  ].map(({ name }) => name);
}

function isSame(a: Place, b: Place): boolean {
  return comparePositions(a, b) === 0;
}

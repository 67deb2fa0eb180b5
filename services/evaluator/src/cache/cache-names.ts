/** Names in the cache's folder: the place in the log that a file stands for is part of its name. */
import { comparePositions, type Place } from '@flagstream/replica';

/** Overwritten in place: it says what is being applied. */
export const MARKER_FILE = 'applying';
/** The same for what is being loaded. */
export const LOADING_FILE = 'loading';
/** A snapshot on its way. */
export const TEMP_FILE = 'snap.tmp';

export const snapshotName = ({ epoch, revision }: Place): string => `snap-${epoch}-${revision}.bin`;
/** A tail is named by the place that its first record comes after. */
export const tailName = ({ epoch, revision }: Place): string => `tail-${epoch}-${revision}.log`;
export const heldName = (generation: number): string => `held-${generation}.bin`;

export interface PlacedFile {
  readonly name: string;
  readonly place: Place;
}

export interface CacheListing {
  /** Newest first. */
  readonly snapshots: readonly PlacedFile[];
  readonly tails: readonly PlacedFile[];
  /** Generations, newest first. */
  readonly held: readonly number[];
}

export function sortNames(names: readonly string[]): CacheListing {
  const snapshots: PlacedFile[] = [];
  const tails: PlacedFile[] = [];
  const held: number[] = [];
  for (const name of names) {
    const placed = /^(snap|tail)-(\d{1,10})-(\d{1,16})\.(bin|log)$/.exec(name);
    if (placed !== null) {
      const place = { epoch: Number(placed[2]), revision: Number(placed[3]) };
      if (name === snapshotName(place)) snapshots.push({ name, place });
      else if (name === tailName(place)) tails.push({ name, place });
    }
    const generation = /^held-(\d{1,15})\.bin$/.exec(name)?.[1];
    if (generation !== undefined) held.push(Number(generation));
  }
  snapshots.sort((a, b) => comparePositions(b.place, a.place));
  return { snapshots, tails, held: held.sort((a, b) => b - a) };
}

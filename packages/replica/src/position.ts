/**
 * A place in the one log. Everything that moves carries one.
 * Pure; imported by everybody on the path.
 */

/** Revision `revision` of lineage `epoch`; `hash` is the chain hash of its record (32 bytes). */
export interface Position {
  readonly epoch: number;
  readonly revision: number;
  readonly hash: Uint8Array;
}

/** A position without its hash: where, not what. */
export type Place = Pick<Position, 'epoch' | 'revision'>;

/** The place before the first record of a log that has never been written. */
export const ORIGIN: Position = Object.freeze({ epoch: 0, revision: 0, hash: new Uint8Array(0) });

/** Orders by (epoch, revision): negative when a is before b. */
export function comparePositions(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.revision - b.revision;
}

/** Nothing at all is before everything that is somewhere. */
export function isBefore(place: Place | undefined, other: Place): boolean {
  return comparePositions(place ?? ORIGIN, other) < 0;
}

export function samePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.revision === b.revision && bytesEqual(a.hash, b.hash);
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The printed form, for example `e3.18422`. */
export function formatPosition(position: Place): string {
  return `e${position.epoch}.${position.revision}`;
}

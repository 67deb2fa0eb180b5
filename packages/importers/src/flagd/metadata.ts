/**
 * Metadata of a flag: that of the flag set with the flag's own above it.
 *
 * Place on the path: reading one flag. What holds: values are strings, numbers
 * and booleans, which is all that flagd's clients can read; others are dropped
 * with a note. A null or "" of the flag does not hide what the set says.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { placeIn, wordFor } from '../json-shape.ts';

/** Undefined when nothing is left. */
export function mergeMetadata(ofSet: JsonObject, ofFlag: JsonObject): JsonObject | undefined {
  const merged = new Map(Object.entries(ofSet));
  for (const [name, value] of Object.entries(ofFlag)) {
    if (value !== null && (value !== '' || !merged.has(name))) merged.set(name, value);
  }
  return merged.size === 0 ? undefined : Object.fromEntries(merged);
}

/** The members that metadata may have; `drop` hears of each other one. */
export function scalarMembers(
  metadata: JsonObject,
  path: string,
  drop: (path: string, message: string) => void,
): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => {
      const usable = value === null || isScalar(value);
      if (!usable)
        drop(
          placeIn(path, name),
          `is dropped: metadata is strings, numbers and booleans, not ${wordFor(value)}`,
        );
      return usable;
    }),
  );
}

function isScalar(value: JsonValue): boolean {
  return typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);
}

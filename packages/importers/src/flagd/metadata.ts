/**
 * Metadata of a flag: that of the flag set with the flag's own above it.
 *
 * Place on the path: reading a document and its flags. What holds: values are
 * strings, numbers and booleans, which is all that flagd's clients can read;
 * others are dropped with a note. As in flagd, a null of the flag hides what
 * the set says.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { placeIn, wordFor } from '../json-shape.ts';

/** `drop` hears of each member that metadata cannot have. */
export function mergeMetadata(
  below: JsonObject,
  above: JsonObject,
  path: string,
  drop: (path: string, message: string) => void,
): JsonObject {
  const merged = new Map(Object.entries(below));
  for (const [name, value] of Object.entries(above)) {
    if (isScalar(value)) {
      merged.set(name, value);
      continue;
    }
    merged.delete(name);
    if (value !== null)
      drop(
        placeIn(path, name),
        `is dropped: metadata is strings, numbers and booleans, not ${wordFor(value)}`,
      );
  }
  return Object.fromEntries(merged);
}

function isScalar(value: JsonValue): boolean {
  return typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);
}

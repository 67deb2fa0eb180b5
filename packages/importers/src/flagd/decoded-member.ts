/**
 * Members of an object as flagd's decoder, Go's encoding/json, finds them: in
 * any mixture of upper and lower case. flagd sorts an object's names before it
 * decodes it, so of several spellings the last one counts.
 *
 * Place on the path: reading a document and its flags; not what stands in
 * variants, targeting and metadata, whose names count as they are.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';

/** Undefined when the object itself has none. */
export function decodedMember(object: JsonObject, name: string): JsonValue | undefined {
  return spellings(object, name).at(-1);
}

/** Null counts as absent: it leaves what another spelling gave. */
export function decodedPresentMember(object: JsonObject, name: string): JsonValue | undefined {
  return spellings(object, name)
    .filter((value) => value !== null)
    .at(-1);
}

/** Members that are decoded as none of these names. */
export function undecodedMembers(object: JsonObject, names: readonly string[]): readonly string[] {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return Object.keys(object).filter((key) => !known.has(key.toLowerCase()));
}

/** All that this name is decoded from, in the order of decoding. */
function spellings(object: JsonObject, name: string): readonly JsonValue[] {
  const folded = name.toLowerCase();
  return Object.keys(object)
    .filter((key) => key.toLowerCase() === folded)
    .sort()
    .map((key) => object[key]!);
}

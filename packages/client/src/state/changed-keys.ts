/**
 * Which flags and segments differ between two sets. A full transfer names every
 * entity, so what really changed is found by version and content.
 */
import { bytesEqual, type ClientSet, ENTITY_KIND, type EntityId } from '@flagstream/replica';

export interface ChangedKeys {
  readonly flags: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

export function changedKeys(before: ClientSet, after: ClientSet, touched: readonly EntityId[]): ChangedKeys {
  const flags = new Set<string>();
  const segments = new Set<string>();
  for (const id of touched) {
    const keys = keysOf(id, flags, segments);
    if (keys !== undefined && differs(before, after, id)) keys.add(id.key);
  }
  return { flags, segments };
}

/** Every flag and segment of a set. */
export function allKeys(set: ClientSet): ChangedKeys {
  const flags = new Set<string>();
  const segments = new Set<string>();
  for (const { change } of set.entities()) keysOf(change, flags, segments)?.add(change.key);
  return { flags, segments };
}

/** Parts need no entry: their key is their hash, so a segment that uses others is another segment. */
function keysOf(id: EntityId, flags: Set<string>, segments: Set<string>): Set<string> | undefined {
  switch (id.kind) {
    case ENTITY_KIND.flag:
    case ENTITY_KIND.flagConfig:
      return flags;
    case ENTITY_KIND.segment:
      return segments;
    default:
      return undefined;
  }
}

function differs(before: ClientSet, after: ClientSet, id: EntityId): boolean {
  const was = before.entity(id);
  const is = after.entity(id);
  if (was === undefined || is === undefined) return was !== is;
  return was.version !== is.version || !bytesEqual(was.change.contentHash, is.change.contentHash);
}

/**
 * The state as it would be: the committed state with changes laid over it.
 * Commands write into a draft; nothing else changes until it is committed.
 */
import { fail, formatName } from '@flagstream/protocol';
import {
  bytesEqual,
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type EntityKind,
  type EntityQuery,
  entityKey,
  type VersionedEntity,
} from '@flagstream/replica';
import { typeOf } from './resource.ts';

/** What commands read: the committed state. */
export interface StateView {
  entity(id: EntityId): VersionedEntity | undefined;
  entities(query: EntityQuery): readonly VersionedEntity[];
}

export class Draft {
  readonly base: StateView;
  readonly #changes = new Map<string, EntityChange>();

  constructor(base: StateView) {
    this.base = base;
  }

  /** The entity's state in the draft, tombstones included. */
  get(id: EntityId): EntityChange | undefined {
    return this.#changes.get(entityKey(id)) ?? this.base.entity(id)?.change;
  }

  /** The entity unless it is a tombstone. */
  live(id: EntityId): EntityChange | undefined {
    const change = this.get(id);
    return change === undefined || change.deleted ? undefined : change;
  }

  /** A change back to the committed state leaves no trace. */
  put(change: EntityChange): void {
    const key = entityKey(change);
    const before = this.base.entity(change)?.change;
    if (before !== undefined && sameState(before, change)) this.#changes.delete(key);
    else this.#changes.set(key, change);
  }

  /** Live entities of one kind in a project; of configurations, in an environment. */
  *list(kind: EntityKind, project: string, environment?: string): Iterable<EntityChange> {
    const committed = this.base.entities({
      kind,
      project,
      ...(environment === undefined ? {} : { environment }),
      limit: Number.MAX_SAFE_INTEGER,
    });
    const seen = new Set<string>();
    for (const { change } of committed) {
      const key = entityKey(change);
      seen.add(key);
      const current = this.#changes.get(key) ?? change;
      if (!current.deleted) yield current;
    }
    for (const [key, change] of this.#changes) {
      if (seen.has(key) || change.deleted) continue;
      const inScope =
        change.kind === kind &&
        change.project === project &&
        (environment === undefined || change.environment === environment);
      if (inScope) yield change;
    }
  }

  /** What differs from the committed state. */
  changes(): readonly EntityChange[] {
    return [...this.#changes.values()];
  }
}

/** Whether two states of one entity are the same. */
export function sameState(a: EntityChange, b: EntityChange): boolean {
  return a.deleted === b.deleted && bytesEqual(a.contentHash, b.contentHash);
}

/** Where an entity stands: what must be there, and in service, for it to be read or written. */
function parentsOf(id: EntityId): EntityId[] {
  const project: EntityId = {
    kind: ENTITY_KIND.project,
    project: id.project,
    environment: '',
    key: id.project,
  };
  switch (id.kind) {
    case ENTITY_KIND.project:
      return [];
    case ENTITY_KIND.key:
      // An admin key stands by itself.
      if (id.environment === '') return [];
      return [
        project,
        { kind: ENTITY_KIND.environment, project: id.project, environment: '', key: id.environment },
      ];
    case ENTITY_KIND.flagConfig:
      return [
        project,
        { kind: ENTITY_KIND.environment, project: id.project, environment: '', key: id.environment },
        { kind: ENTITY_KIND.flag, project: id.project, environment: '', key: id.key },
      ];
    default:
      return [project];
  }
}

/** What can tell an entity's state: a draft, or the past. */
export interface EntityLookup {
  get(id: EntityId): EntityChange | undefined;
}

/** @throws FlagstreamError naming the parent that is missing or archived. */
export function requireParents(state: EntityLookup, id: EntityId): void {
  for (const parent of parentsOf(id)) {
    const change = requireExisting(state, parent);
    if (change.deleted) {
      const name = formatName(parent);
      throw fail('PARENT_ARCHIVED', `${name} is archived`, { metadata: { name } });
    }
  }
}

/** @throws FlagstreamError *_NOT_FOUND when the entity was never written. */
export function requireExisting(state: EntityLookup, id: EntityId): EntityChange {
  const change = state.get(id);
  if (change === undefined) {
    const name = formatName(id);
    throw fail(typeOf(id).notFound, `${name} does not exist`, { metadata: { name } });
  }
  return change;
}

/**
 * One environment's entities as they were at a revision that can be moved, read
 * from the log's history: only those that are asked for.
 */
import type { EnvironmentEntities } from '@flagstream/protocol';
import { type EntityId, type EnvironmentScope, entityKey, type VersionedEntity } from '@flagstream/replica';
import type { History } from '../log/history.ts';

/** Versions of one entity that are remembered: that of a revision and the one before it. */
const KEPT_VERSIONS = 2;

export class PastEntities implements EnvironmentEntities {
  readonly scope: EnvironmentScope;
  readonly #history: History;
  /** Newest first; the same object stands for the same version, so that readings of it are kept. */
  readonly #kept = new Map<string, readonly VersionedEntity[]>();
  revision = 0;

  constructor(scope: EnvironmentScope, history: History) {
    this.scope = scope;
    this.#history = history;
  }

  entity(id: EntityId): VersionedEntity | undefined {
    const found = this.#history.entityAt(id, this.revision);
    if (found === undefined) return undefined;
    const key = entityKey(id);
    const kept = this.#kept.get(key) ?? [];
    const known = kept.find(({ version }) => version === found.version);
    if (known !== undefined) return known;
    this.#kept.set(key, [found, ...kept].slice(0, KEPT_VERSIONS));
    return found;
  }

  /** None: the past is looked up by name. */
  live(): Iterable<VersionedEntity> {
    return [];
  }
}

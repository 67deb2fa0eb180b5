/**
 * What clients of one environment hold: its FLAG, FLAG_CONFIG and SEGMENT
 * entities and its project's PARTs, with a digest, and a journal that answers
 * "what changed after revision r".
 *
 * Place on the path: between the fold and the streams. Everything a stream
 * sends is computed here, once for all streams at the same revision.
 */
import { entityDigest, StateDigest } from './digest.ts';
import { ENTITY_KIND, type EntityId, type EntityKind, entityKey, type VersionedEntity } from './entity.ts';
import type { Codec } from './record.ts';

export interface EnvironmentScope {
  readonly project: string;
  readonly environment: string;
}

/** What turns a client's set at `from` into the one at `to`; each entity once, at its newest state. */
export interface StateDelta {
  readonly put: readonly VersionedEntity[];
  readonly remove: readonly VersionedEntity[];
}

export interface ViewWindow {
  /** Revisions for which a delta is answered. */
  readonly revisions: number;
}

export class EnvironmentView {
  readonly scope: EnvironmentScope;
  readonly #sha256: Codec['sha256'];
  readonly #window: ViewWindow;
  readonly #entities = new Map<string, VersionedEntity>();
  /** Undefined: nobody needed it yet. A start has to answer before it has hashed everything. */
  #digest: StateDigest | undefined;
  /** Places where entities changed, by revision; an entity may stand in it more than once. */
  #journal: { readonly revision: number; readonly key: string }[] = [];
  #floor: number;
  #changedRevision = 0;
  /** Counts what was taken. */
  #taken = 0;

  /** @param floor the oldest revision from which a delta can be told */
  constructor(sha256: Codec['sha256'], scope: EnvironmentScope, window: ViewWindow, floor: number) {
    this.#sha256 = sha256;
    this.scope = scope;
    this.#window = window;
    this.#floor = floor;
  }

  /** A view of a whole state: live entities and the tombstones that are still known. */
  static of(
    sha256: Codec['sha256'],
    scope: EnvironmentScope,
    window: ViewWindow,
    floor: number,
    entities: Iterable<VersionedEntity>,
  ): EnvironmentView {
    const view = new EnvironmentView(sha256, scope, window, floor);
    const mine = [...entities].filter((entity) => view.holds(entity.change));
    mine.sort((a, b) => a.version - b.version);
    for (const entity of mine) view.#put(entity);
    return view;
  }

  /** Whether an entity belongs to this environment's clients. */
  holds(id: EntityId): boolean {
    if (id.project !== this.scope.project) return false;
    switch (id.kind) {
      case ENTITY_KIND.flag:
      case ENTITY_KIND.segment:
      case ENTITY_KIND.part:
        return true;
      case ENTITY_KIND.flagConfig:
        return id.environment === this.scope.environment;
      default:
        return false;
    }
  }

  /** Newest revision that changed something here. */
  get changedRevision(): number {
    return this.#changedRevision;
  }

  /** Oldest revision from which a delta can be told. */
  get floor(): number {
    return this.#floor;
  }

  get digest(): { readonly hi: bigint; readonly lo: bigint } {
    this.#digest ??= StateDigest.of(this.#sha256, this.#entities.values());
    return this.#digest.halves;
  }

  /**
   * Makes the digest before somebody needs it, in steps between which others may run. When entities are taken
   * meanwhile, whoever needs it first makes it.
   */
  *prepareDigest(): Generator<void, void> {
    const digest = new StateDigest();
    const taken = this.#taken;
    for (const entity of this.#entities.values()) {
      if (!entity.change.deleted) digest.add(entityDigest(this.#sha256, entity));
      yield;
      if (this.#digest !== undefined || this.#taken !== taken) return;
    }
    this.#digest = digest;
  }

  get size(): number {
    return this.#entities.size;
  }

  entity(id: EntityId): VersionedEntity | undefined {
    return this.#entities.get(entityKey(id));
  }

  /** Live entities. */
  *live(): Iterable<VersionedEntity> {
    for (const entity of this.#entities.values()) if (!entity.change.deleted) yield entity;
  }

  /** Those of a kind that were deleted, as far back as they are remembered. */
  *gone(kind: EntityKind): Iterable<VersionedEntity['change']> {
    for (const { change } of this.#entities.values())
      if (change.deleted && change.kind === kind) yield change;
  }

  /** Takes the entities of one revision that belong here; true when there was one. */
  apply(entities: Iterable<VersionedEntity>, revision: number): boolean {
    let touched = false;
    for (const entity of entities) {
      if (!this.holds(entity.change)) continue;
      this.#put(entity);
      touched = true;
    }
    this.#trim(revision);
    return touched;
  }

  /** What changed after `from`, or undefined when that is too long ago. */
  delta(from: number): StateDelta | undefined {
    if (from < this.#floor) return undefined;
    const put: VersionedEntity[] = [];
    const remove: VersionedEntity[] = [];
    const seen = new Set<string>();
    for (let i = this.#journal.length - 1; i >= 0; i--) {
      const { revision, key } = this.#journal[i]!;
      if (revision <= from) break;
      if (seen.has(key)) continue;
      seen.add(key);
      const entity = this.#entities.get(key);
      if (entity !== undefined) (entity.change.deleted ? remove : put).push(entity);
    }
    return { put, remove };
  }

  /**
   * The oldest revision from which the same delta leads to the head: the newest
   * one up to `from` that changed something here. Streams that wait at different
   * revisions thus share their transfers.
   */
  deltaBase(from: number): number {
    let low = 0;
    let high = this.#journal.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#journal[middle]!.revision <= from) low = middle + 1;
      else high = middle;
    }
    return this.#journal[low - 1]?.revision ?? from;
  }

  #put(entity: VersionedEntity): void {
    const key = entityKey(entity.change);
    this.#taken += 1;
    const before = this.#entities.get(key);
    if (before !== undefined && !before.change.deleted)
      this.#digest?.remove(entityDigest(this.#sha256, before));
    if (!entity.change.deleted) this.#digest?.add(entityDigest(this.#sha256, entity));
    this.#entities.set(key, entity);
    this.#journal.push({ revision: entity.version, key });
    if (entity.version > this.#changedRevision) this.#changedRevision = entity.version;
  }

  /** Forgets what lies before the window; in steps, so that the copy costs little per revision. */
  #trim(revision: number): void {
    const floor = revision - this.#window.revisions;
    if (floor - this.#floor < this.#window.revisions / 8) return;
    this.#floor = Math.max(this.#floor, floor);
    const kept = this.#journal.findIndex((entry) => entry.revision > this.#floor);
    const dropped = this.#journal.splice(0, kept === -1 ? this.#journal.length : kept);
    for (const { key } of dropped) {
      const entity = this.#entities.get(key);
      if (entity?.change.deleted && entity.version <= this.#floor) this.#entities.delete(key);
    }
  }
}

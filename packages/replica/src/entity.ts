/**
 * Entities: what a record changes. Content is opaque here, kept byte for byte,
 * so that fields written by a newer release survive an older node.
 */

/** Kinds of entities; the numbers are the wire's. */
export const ENTITY_KIND = {
  project: 1,
  environment: 2,
  flag: 3,
  flagConfig: 4,
  segment: 5,
  key: 6,
  part: 7,
} as const;

export type EntityKind = (typeof ENTITY_KIND)[keyof typeof ENTITY_KIND];

/**
 * Who an entity is. `environment` is "" except for environments' own children
 * (flag configurations, keys); an ENVIRONMENT's own key stands in `key`, and a
 * FLAG_CONFIG's key is its flag's key.
 */
export interface EntityId {
  readonly kind: EntityKind;
  readonly project: string;
  readonly environment: string;
  readonly key: string;
}

/** The whole new state of one entity. */
export interface EntityChange extends EntityId {
  readonly deleted: boolean;
  readonly content: Uint8Array;
  /** SHA-256 of content. */
  readonly contentHash: Uint8Array;
  readonly tags: readonly string[];
  readonly clientVisible: boolean;
}

/** An entity and the revision that last changed it. */
export interface VersionedEntity {
  readonly change: EntityChange;
  readonly version: number;
}

/** One text per entity; keys hold no "/", so the form is unique. */
export function entityKey(id: EntityId): string {
  return `${id.kind}/${id.project}/${id.environment}/${id.key}`;
}

/** Orders by kind, project, environment, key: the order of snapshots and diffs. */
export function compareEntityIds(a: EntityId, b: EntityId): number {
  return (
    a.kind - b.kind ||
    compareText(a.project, b.project) ||
    compareText(a.environment, b.environment) ||
    compareText(a.key, b.key)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * What a set of entities says, as one number: a sum over its live entities,
 * whatever their order. Computed here and not with production's digest, so that
 * a fault in that one cannot hide itself.
 */
import { type EntityChange, entityKey, type VersionedEntity } from '@flagstream/replica';

/** Nodes share the changes that they read from the same bytes. */
const known = new WeakMap<EntityChange, { readonly version: number; readonly value: number }>();

export function fingerprint(entities: Iterable<VersionedEntity>): number {
  let sum = 0;
  for (const entity of entities) if (!entity.change.deleted) sum += summand(entity);
  return sum;
}

function summand(entity: VersionedEntity): number {
  const { change, version } = entity;
  const before = known.get(change);
  if (before?.version === version) return before.value;
  const value = hash32(describeEntity(entity));
  known.set(change, { version, value });
  return value;
}

/** The entity, its version and what stands in it. */
function describeEntity({ change, version }: VersionedEntity): string {
  const content = Buffer.from(change.content.buffer, change.content.byteOffset, change.content.byteLength);
  return `${entityKey(change)}@${version}=${content.toString('latin1')}`;
}

function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

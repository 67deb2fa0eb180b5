/**
 * Where an entity lies for the purposes of permission, and what its readers and
 * writers need there. Every read and every write of AdminService asks here.
 *
 * Flags and segments are shared by the environments of their project: whoever
 * may read in one of them reads them, and only who may write in all of them
 * changes them.
 */
import { fail } from '@flagstream/protocol';
import type { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityId } from '@flagstream/replica';
import {
  EVERYWHERE,
  grantedVerbs,
  grantsOf,
  mayPassOn,
  notPermitted,
  type Place,
  type Principal,
  permits,
  permitsWithin,
  placeWords,
  type Verb,
} from '@flagstream/runtime';

/** Whether a caller may read an entity. */
export function maySee(principal: Principal, id: EntityId): boolean {
  const { verb, place, shared } = sight(id);
  return shared ? permitsWithin(principal, verb, place.project) : permits(principal, verb, place);
}

/** @throws FlagstreamError PERMISSION_DENIED, whether or not the entity exists */
export function requireSight(principal: Principal, id: EntityId): void {
  if (maySee(principal, id)) return;
  const { verb, place } = sight(id);
  throw notPermitted(principal, verb, place);
}

/**
 * Whether a caller may read who changed something, and why: who may see any of it. A revision that changed nothing
 * has no place, and is told only to who may read everything.
 */
export function maySeeRevision(principal: Principal, changes: Iterable<EntityId>): boolean {
  const all = [...changes];
  return all.length === 0
    ? permits(principal, 'read', EVERYWHERE)
    : all.some((change) => maySee(principal, change));
}

/** Whether a caller may change an entity. */
export function mayControl(principal: Principal, id: EntityId): boolean {
  const { verb, place } = control(id);
  return permits(principal, verb, place);
}

/** @throws FlagstreamError PERMISSION_DENIED when the caller may not change the entity */
export function requireControl(principal: Principal, id: EntityId): void {
  if (mayControl(principal, id)) return;
  const { verb, place } = control(id);
  throw notPermitted(principal, verb, place);
}

/**
 * Nobody hands on by a key what they may not do themselves, but for what a role lets its holder hand on.
 * @param place where the key stands
 * @throws FlagstreamError PERMISSION_DENIED
 */
export function requirePassable(principal: Principal, key: ApiKey, { project, environment }: Place): void {
  for (const grant of grantsOf(key, { project, environment }))
    for (const verb of grantedVerbs(grant)) {
      if (mayPassOn(principal, verb, grant)) continue;
      const { kind, id } = principal;
      const words = `${kind} "${id}" may not hand on by a key the right to ${verb} ${placeWords(grant)}`;
      throw fail('PERMISSION_DENIED', words, { metadata: { verb } });
    }
}

interface Need {
  readonly verb: Verb;
  readonly place: Place;
}

function sight(id: EntityId): Need & { readonly shared: boolean } {
  const { project } = id;
  switch (id.kind) {
    case ENTITY_KIND.environment:
      return { verb: 'read', place: { project, environment: id.key }, shared: false };
    case ENTITY_KIND.flagConfig:
      return { verb: 'read', place: { project, environment: id.environment }, shared: false };
    case ENTITY_KIND.key:
      return { ...control(id), shared: false };
    default:
      return { verb: 'read', place: { project, environment: '' }, shared: true };
  }
}

function control(id: EntityId): Need {
  const { project, environment } = id;
  switch (id.kind) {
    case ENTITY_KIND.project:
      return { verb: 'administer', place: { project, environment: '' } };
    case ENTITY_KIND.environment:
      return { verb: 'administer', place: { project, environment: id.key } };
    case ENTITY_KIND.key:
      return { verb: 'administer', place: { project, environment } };
    case ENTITY_KIND.flagConfig:
      return { verb: 'write', place: { project, environment } };
    default:
      return { verb: 'write', place: { project, environment: '' } };
  }
}

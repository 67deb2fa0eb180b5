/**
 * Entities of a client's set as the engine's units, one at a time. An entity
 * that this release cannot decode is answered as a problem, never thrown.
 */
import type { FlagUnit, Problem, SegmentUnit } from '@flagstream/engine';
import {
  flagConfigDefinition,
  flagConfigId,
  flagDefinition,
  flagId,
  messageOf,
  segmentDefinition,
  segmentId,
  segmentMembers,
  segmentUnit,
} from '@flagstream/protocol';
import { type ClientSet, hex, partId } from '@flagstream/replica';
import type { Scope } from './scope.ts';

export type Reading<Unit> =
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

/** A flag with its configuration in the environment. */
export function readFlag(set: ClientSet, scope: Scope, key: string): Reading<FlagUnit> {
  return read('flag', key, () => {
    const flag = set.entity(flagId(scope.project, key));
    if (flag === undefined) return undefined;
    const config = set.entity(flagConfigId(scope.project, scope.environment, key));
    const definition = flagDefinition(flag.change.content);
    return config === undefined
      ? { key, flag: definition }
      : { key, flag: definition, config: flagConfigDefinition(config.change.content) };
  });
}

/** A segment with the members that its parts hold. */
export function readSegment(set: ClientSet, scope: Scope, key: string): Reading<SegmentUnit> {
  return read('segment', key, () => {
    const entity = set.entity(segmentId(scope.project, key));
    if (entity === undefined) return undefined;
    return segmentUnit(key, segmentDefinition(entity.change.content), (sha256) =>
      partMembers(set, scope, sha256),
    );
  });
}

function partMembers(set: ClientSet, scope: Scope, sha256: Uint8Array): readonly string[] {
  const part = set.entity(partId(sha256, scope.project));
  if (part === undefined) throw new RangeError(`part ${hex(sha256)} is not there`);
  return segmentMembers(part.change.content);
}

function read<Unit>(entity: Problem['entity'], key: string, decode: () => Unit | undefined): Reading<Unit> {
  try {
    const unit = decode();
    return unit === undefined ? { kind: 'absent' } : { kind: 'unit', unit };
  } catch (thrown) {
    const detail = messageOf(thrown);
    const message = `This release cannot read the definition: ${detail}.`;
    return { kind: 'unreadable', problem: { code: 'UNREADABLE', entity, key, path: '', message } };
  }
}

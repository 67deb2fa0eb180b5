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
  segmentDefinition,
  segmentId,
  segmentMembers,
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
    const segment = segmentDefinition(entity.change.content);
    const lists = (excluded: boolean): (readonly string[])[] =>
      (segment.parts ?? [])
        .filter((part) => (part.excluded ?? false) === excluded)
        .map((part) => partMembers(set, scope, part.sha256 ?? ''));
    return { key, segment, extraIncluded: lists(false), extraExcluded: lists(true) };
  });
}

function partMembers(set: ClientSet, scope: Scope, sha256Base64: string): readonly string[] {
  const hash = Buffer.from(sha256Base64, 'base64');
  const part = set.entity(partId(hash, scope.project));
  if (part === undefined) throw new RangeError(`part ${hex(hash)} is not there`);
  return segmentMembers(part.change.content);
}

function read<Unit>(entity: Problem['entity'], key: string, decode: () => Unit | undefined): Reading<Unit> {
  try {
    const unit = decode();
    return unit === undefined ? { kind: 'absent' } : { kind: 'unit', unit };
  } catch (thrown) {
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `This release cannot read the definition: ${detail}.`;
    return { kind: 'unreadable', problem: { code: 'UNREADABLE', entity, key, path: '', message } };
  }
}

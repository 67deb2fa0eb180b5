/**
 * What frames are made of, between the wire and replica's readings: positions,
 * freshness, what a client has, entities.
 */
import type {
  EntityId,
  EntityKind,
  Freshness,
  Have,
  Place,
  Position,
  ReportPlace,
  VersionedEntity,
} from '@flagstream/replica';
import { revisionNumber } from '../codec.ts';
import type { Freshness as WireFreshness } from '../gen/flagstream/v1/evaluation.ts';
import type { Revision } from '../gen/flagstream/v1/model.ts';
import type {
  Entity,
  EntityRef,
  Have as WireHave,
  ReportPlace as WireReportPlace,
} from '../gen/flagstream/v1/stream.ts';
import { SOURCES } from './words.ts';

export const NOTHING: Uint8Array = new Uint8Array(0);

export function positionToWire(position: Position): Revision {
  return { epoch: position.epoch, revision: BigInt(position.revision), hash: position.hash };
}

/** Where it does not matter by which record. */
export function placeToWire(place: Place): Revision {
  return positionToWire({ ...place, hash: NOTHING });
}

export function positionFromWire(revision: Revision | undefined): Position {
  if (revision === undefined) return { epoch: 0, revision: 0, hash: NOTHING };
  return { epoch: revision.epoch, revision: revisionNumber(revision.revision), hash: revision.hash };
}

export function freshnessToWire(freshness: Freshness): WireFreshness {
  return {
    stalenessMs: Math.round(freshness.stalenessMs),
    estimated: freshness.estimated,
    source: SOURCES.wire(freshness.source),
  };
}

export function freshnessFromWire(freshness: WireFreshness | undefined): Freshness {
  return {
    stalenessMs: freshness?.stalenessMs ?? 0,
    estimated: freshness?.estimated ?? true,
    source: SOURCES.word(freshness?.source ?? 0),
  };
}

export function reportPlaceToWire({ bootId, sequence }: ReportPlace): WireReportPlace {
  return { bootId, sequence: BigInt(sequence) };
}

export function reportPlaceFromWire({ bootId, sequence }: WireReportPlace): ReportPlace {
  return { bootId, sequence: revisionNumber(sequence) };
}

export function haveToWire(have: Have | undefined): WireHave | undefined {
  if (have === undefined) return undefined;
  return {
    rev: positionToWire(have.position),
    digestHi: have.digest.hi,
    digestLo: have.digest.lo,
    filterId: NOTHING,
    logIdentity: have.logIdentity,
  };
}

export function haveFromWire(have: WireHave | undefined): Have | undefined {
  if (have?.rev === undefined) return undefined;
  return {
    position: positionFromWire(have.rev),
    digest: { hi: have.digestHi, lo: have.digestLo },
    logIdentity: have.logIdentity,
  };
}

export function entityToWire({ change, version }: VersionedEntity): Entity {
  const { kind, project, environment, key, content, contentHash } = change;
  return { kind, project, environment, key, version: BigInt(version), content, contentHash };
}

export function entityFromWire(entity: Entity): VersionedEntity {
  const { kind, project, environment, key, content, contentHash } = entity;
  return {
    change: {
      kind: kind as EntityKind,
      project,
      environment,
      key,
      deleted: false,
      content,
      contentHash,
      tags: [],
      clientVisible: false,
    },
    version: revisionNumber(entity.version),
  };
}

export function idFromWire(ref: EntityRef): EntityId & { readonly version: number } {
  return {
    kind: ref.kind as EntityKind,
    project: ref.project,
    environment: ref.environment,
    key: ref.key,
    version: revisionNumber(ref.version),
  };
}

export function refToWire({ change, version }: VersionedEntity): EntityRef {
  const { kind, project, environment, key } = change;
  return { kind, project, environment, key, version: BigInt(version) };
}

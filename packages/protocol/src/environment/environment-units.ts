/**
 * An environment's entities as units of the engine: a flag with its
 * configuration here, a segment with the members of its parts.
 */

import type { FlagUnit, SegmentUnit } from '@flagstream/engine';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type EnvironmentScope,
  partId,
  type VersionedEntity,
} from '@flagstream/replica';
import { segmentUnit } from '../definitions.ts';
import { messageOf } from '../errors.ts';
import { flagConfigId, flagId, segmentId } from '../names.ts';
import type { EntityReadings } from './entity-readings.ts';

/** The unit that the newest entities make; absent when there is none, unreadable when they make none. */
export type UnitReading<Unit> =
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Where units come from; replica's EnvironmentView is one. */
export interface EnvironmentEntities {
  readonly scope: EnvironmentScope;
  /** The newest state of an entity, also when it is deleted. */
  entity(id: EntityId): VersionedEntity | undefined;
  /** Those that are not deleted. */
  live(): Iterable<VersionedEntity>;
}

/** The units of an environment; EnvironmentUnits is one. */
export interface UnitSource {
  /** Keys of all flags and segments that are not deleted. */
  keys(): { readonly flags: readonly string[]; readonly segments: readonly string[] };
  flag(key: string): UnitReading<FlagUnit>;
  segment(key: string): UnitReading<SegmentUnit>;
}

/** Versions that serve in the place of newer ones, by unitId. */
export type GoodUnits = ReadonlyMap<string, FlagUnit | SegmentUnit>;

export const unitId = (kind: 'flag' | 'segment', key: string): string => `${kind}/${key}`;

const ABSENT = { kind: 'absent' } as const;

export class EnvironmentUnits implements UnitSource {
  readonly #entities: EnvironmentEntities;
  readonly #readings: EntityReadings;

  constructor(entities: EnvironmentEntities, readings: EntityReadings) {
    this.#entities = entities;
    this.#readings = readings;
  }

  keys(): ReturnType<UnitSource['keys']> {
    const flags: string[] = [];
    const segments: string[] = [];
    for (const { change } of this.#entities.live()) {
      if (change.kind === ENTITY_KIND.flag) flags.push(change.key);
      else if (change.kind === ENTITY_KIND.segment) segments.push(change.key);
    }
    return { flags, segments };
  }

  flag(key: string): UnitReading<FlagUnit> {
    const { project, environment } = this.#entities.scope;
    const change = this.#live(flagId(project, key));
    if (change === undefined) return ABSENT;
    const flag = this.#readings.flag(change);
    if (flag.kind === 'unreadable') return flag;
    const configChange = this.#live(flagConfigId(project, environment, key));
    if (configChange === undefined) return { kind: 'unit', unit: { key, flag: flag.value } };
    const config = this.#readings.flagConfig(configChange);
    if (config.kind === 'unreadable')
      return { kind: 'unreadable', detail: `its configuration: ${config.detail}` };
    return { kind: 'unit', unit: { key, flag: flag.value, config: config.value } };
  }

  segment(key: string): UnitReading<SegmentUnit> {
    const { project } = this.#entities.scope;
    const change = this.#live(segmentId(project, key));
    if (change === undefined) return ABSENT;
    const segment = this.#readings.segment(change);
    if (segment.kind === 'unreadable') return segment;
    try {
      const unit = segmentUnit(key, segment.value, (sha256) => this.#members(partId(sha256, project)));
      return { kind: 'unit', unit };
    } catch (error) {
      return { kind: 'unreadable', detail: messageOf(error) };
    }
  }

  /** @throws Error when the part is not there or cannot be read */
  #members(id: EntityId): readonly string[] {
    const held = this.#live(id);
    if (held === undefined) throw new Error(`its part ${id.key} is not there`);
    const members = this.#readings.members(held);
    if (members.kind === 'unreadable') throw new Error(`its part ${id.key}: ${members.detail}`);
    return members.value;
  }

  #live(id: EntityId): EntityChange | undefined {
    const change = this.#entities.entity(id)?.change;
    return change === undefined || change.deleted ? undefined : change;
  }
}

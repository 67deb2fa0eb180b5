/** One project's entities as the engine reads them, out of a draft. */
import type { FlagUnit, Problem, SegmentUnit, SetChange } from '@flagstream/engine';
import {
  environmentId,
  flagConfigDefinition,
  flagConfigId,
  flagDefinition,
  flagId,
  messageOf,
  projectId,
  segmentDefinition,
  segmentId,
  segmentUnit,
} from '@flagstream/protocol';
import { ENTITY_KIND, type EntityChange, type EntityId, partId } from '@flagstream/replica';
import type { Draft } from './draft.ts';
import { membersOf } from './segment-members.ts';

/** A problem and the entity that has it. */
export interface LocatedProblem {
  readonly id: EntityId;
  readonly problem: Problem;
}

/** A project without environments still compiles its flags: in this one, which has no configurations. */
const NO_ENVIRONMENT = '';

/** Each entity is decoded once for all environments. */
export class ProjectUnits {
  readonly project: string;
  readonly #draft: Draft;
  readonly #flags = new Map<string, FlagUnit['flag']>();
  readonly #segments = new Map<string, SegmentUnit>();

  constructor(draft: Draft, project: string) {
    this.#draft = draft;
    this.project = project;
  }

  /** Keys of environments in service, or the one that stands for none. */
  environments(): string[] {
    if (this.#draft.live(projectId(this.project)) === undefined) return [];
    const keys = [...this.#draft.list(ENTITY_KIND.environment, this.project)].map((change) => change.key);
    return keys.length === 0 ? [NO_ENVIRONMENT] : keys;
  }

  inService(environment: string): boolean {
    if (this.#draft.live(projectId(this.project)) === undefined) return false;
    if (environment === NO_ENVIRONMENT) return this.environments().includes(NO_ENVIRONMENT);
    return this.#draft.live(environmentId(this.project, environment)) !== undefined;
  }

  *flags(environment: string, unreadable: LocatedProblem[]): Iterable<FlagUnit> {
    for (const change of this.#draft.list(ENTITY_KIND.flag, this.project)) {
      const unit = this.#flagUnit(environment, change.key, unreadable);
      if (unit !== null) yield unit;
    }
  }

  *segments(unreadable: LocatedProblem[]): Iterable<SegmentUnit> {
    for (const change of this.#draft.list(ENTITY_KIND.segment, this.project)) {
      const unit = this.#segmentUnit(change.key, unreadable);
      if (unit !== null) yield unit;
    }
  }

  /** The units that the changes touch in one environment. */
  setChange(environment: string, changes: readonly EntityChange[], unreadable: LocatedProblem[]): SetChange {
    const flags = new Map<string, FlagUnit | null>();
    const segments = new Map<string, SegmentUnit | null>();
    for (const change of changes) {
      const ownConfig = change.kind === ENTITY_KIND.flagConfig && change.environment === environment;
      if (change.kind === ENTITY_KIND.flag || ownConfig)
        flags.set(change.key, this.#flagUnit(environment, change.key, unreadable));
      else if (change.kind === ENTITY_KIND.segment)
        segments.set(change.key, this.#segmentUnit(change.key, unreadable));
    }
    return { flags, segments };
  }

  locate(environment: string, problem: Problem): EntityId {
    switch (problem.entity) {
      case 'flag':
        return flagId(this.project, problem.key);
      case 'flagConfig':
        return flagConfigId(this.project, environment, problem.key);
      case 'segment':
        return segmentId(this.project, problem.key);
    }
  }

  #flagUnit(environment: string, key: string, unreadable: LocatedProblem[]): FlagUnit | null {
    const flag = this.#draft.live(flagId(this.project, key));
    if (flag === undefined) return null;
    const configId = flagConfigId(this.project, environment, key);
    const config = this.#draft.live(configId);
    const definition = read(flagId(this.project, key), 'flag', unreadable, () => this.#flag(flag));
    if (definition === undefined) return null;
    if (config === undefined) return { key, flag: definition };
    const configDefinition = read(configId, 'flagConfig', unreadable, () =>
      flagConfigDefinition(config.content),
    );
    return configDefinition === undefined ? null : { key, flag: definition, config: configDefinition };
  }

  #flag(change: EntityChange): FlagUnit['flag'] {
    const known = this.#flags.get(change.key);
    if (known !== undefined) return known;
    const definition = flagDefinition(change.content);
    this.#flags.set(change.key, definition);
    return definition;
  }

  #segmentUnit(key: string, unreadable: LocatedProblem[]): SegmentUnit | null {
    const known = this.#segments.get(key);
    if (known !== undefined) return known;
    const id = segmentId(this.project, key);
    const change = this.#draft.live(id);
    if (change === undefined) return null;
    const unit = read(id, 'segment', unreadable, () =>
      segmentUnit(key, segmentDefinition(change.content), (sha256) =>
        membersOf(this.#draft.live(partId(sha256, this.project))),
      ),
    );
    if (unit === undefined) return null;
    this.#segments.set(key, unit);
    return unit;
  }
}

/** Content that this release cannot read is a problem of that one entity. */
function read<T>(
  id: EntityId,
  entity: Problem['entity'],
  unreadable: LocatedProblem[],
  decode: () => T,
): T | undefined {
  try {
    return decode();
  } catch (cause) {
    const message = messageOf(cause);
    unreadable.push({ id, problem: { code: 'NOT_BUILT', entity, key: id.key, path: '', message } });
    return undefined;
  }
}

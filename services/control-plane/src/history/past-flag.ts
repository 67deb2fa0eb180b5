/**
 * What one flag answered at a revision: an evaluator's state as far as the flag
 * needs it, at a revision that can be moved.
 *
 * Holds true: an entity that was in quarantine answers in its last good version,
 * as with an evaluator that followed the log. A quarantine that came of a flag
 * which this one does not depend on is not seen.
 */
import {
  type CompiledSet,
  compileSet,
  type Evaluation,
  type JsonObject,
  type Recorder,
} from '@flagstream/engine';
import {
  type AnswerPlace,
  EntityReadings,
  EnvironmentSet,
  EnvironmentUnits,
  environmentId,
  flagConfigId,
  flagId,
  projectId,
  segmentId,
} from '@flagstream/protocol';
import type { EntityId, EnvironmentScope } from '@flagstream/replica';
import type { AuditStore } from '../log/audit-store.ts';
import type { History } from '../log/history.ts';
import { addKeys, type Keys, NeededSet, noKeys, without } from './needed-set.ts';
import type { Pace } from './pace.ts';
import { PastEntities } from './past-entities.ts';

/** Why nothing is answered. */
export type Absence = 'project' | 'environment';

/** Changes that are looked at to find where all was good; beyond, last good versions are taken for lost. */
const LOOK_BACK_MAX = 64;
/** Changes that are gone through from there: a segment may have changed at each revision in between. */
const REPLAY_STEPS_MAX = 1000;

export interface PastFlagParts {
  readonly store: AuditStore;
  readonly history: History;
  readonly pace: Pace;
}

export class PastFlag {
  readonly #parts: PastFlagParts;
  readonly #scope: EnvironmentScope;
  readonly #flagKey: string;
  readonly #readings: EntityReadings = new EntityReadings();
  readonly #needed: NeededSet;
  #revision = 0;
  #set: CompiledSet = compileSet([], []).set;
  #place: AnswerPlace;
  #keys: Keys = noKeys();
  #absence: Absence | undefined = 'project';

  constructor(parts: PastFlagParts, scope: EnvironmentScope, flagKey: string) {
    this.#parts = parts;
    this.#scope = scope;
    this.#flagKey = flagKey;
    this.#needed = this.#neededSet({ flags: new Set([flagKey]), segments: new Set() });
    this.#place = { ...scope, quarantined: new Map() };
  }

  /** For what is said about an answer. */
  get place(): AnswerPlace {
    return this.#place;
  }

  /** The environment was not there. */
  get absence(): Absence | undefined {
    return this.#absence;
  }

  /** @throws FlagstreamError CANCELLED, LOG_CORRUPT */
  async moveTo(revision: number): Promise<void> {
    const [low, high] = revision < this.#revision ? [revision, this.#revision] : [this.#revision, revision];
    this.#needed.moveTo(revision, this.#changedBetween(this.#needed.keys, low, high));
    this.#revision = revision;
    this.#keys = noKeys();
    addKeys(this.#keys, this.#needed.keys);
    this.#absence = this.#absenceAt(revision);
    await this.#parts.pace.step();
    if (this.#needed.clean) {
      this.#set = this.#needed.set;
      this.#place = { ...this.#scope, quarantined: new Map() };
      return;
    }
    const { set, quarantined } = await this.#replay(revision);
    this.#set = set;
    this.#place = { ...this.#scope, quarantined };
  }

  /** What it answered; schedules count as of `nowMs`. Meaningless while `absence` is set. */
  evaluate(context: JsonObject, nowMs: number, recorder?: Recorder): Evaluation {
    return this.#set.evaluate(this.#flagKey, context, nowMs, recorder);
  }

  /** What the answer depends on here: the flag, what it needs, and where it is. */
  dependencies(): readonly EntityId[] {
    const { project, environment } = this.#scope;
    return [projectId(project), environmentId(project, environment), ...this.#ids(this.#keys)];
  }

  /** Newest revision at or below that of this place that changed one of `dependencies`. */
  lastChange(): number | undefined {
    return this.#lastChangeOf(this.dependencies(), this.#revision);
  }

  #neededSet(roots: Keys): NeededSet {
    const entities = new PastEntities(this.#scope, this.#parts.history);
    return new NeededSet(roots, entities, new EnvironmentUnits(entities, this.#readings));
  }

  /**
   * Goes back to where everything was good, and from there through each change
   * as an evaluator did.
   */
  async #replay(revision: number): Promise<EnvironmentSet> {
    const { pace } = this.#parts;
    // Everything that comes up must be good there: the flag may not even have named it yet.
    const probe = this.#neededSet(this.#keys);
    const begins = this.#parts.store.firstRevisionOf(
      environmentId(this.#scope.project, this.#scope.environment),
    );
    let base = revision;
    for (let looked = 0; looked < LOOK_BACK_MAX; looked++) {
      const change = this.#lastChangeOf(this.#ids(this.#keys), looked === 0 ? revision : base - 1);
      if (change === undefined) break;
      base = change;
      probe.moveTo(base, this.#keys);
      addKeys(this.#keys, probe.keys);
      await pace.step();
      if (probe.clean || base <= (begins ?? 0)) break;
    }
    const changes = this.#changesBetween(base, revision);
    const entities = new PastEntities(this.#scope, this.#parts.history);
    entities.revision = changes.length < REPLAY_STEPS_MAX ? base : changes[0]! - 1;
    const replayed = new EnvironmentSet(new EnvironmentUnits(entities, this.#readings));
    replayed.update(this.#keys);
    for (const change of changes) {
      entities.revision = change;
      replayed.update(this.#changedBetween(this.#keys, change - 1, change));
      this.#addMissing(replayed);
      await pace.step();
    }
    return replayed;
  }

  /** What was named only by a version that the way back did not pass. */
  #addMissing(replayed: EnvironmentSet): void {
    for (;;) {
      const missing = without(replayed.set.neededBy(this.#keys.flags, this.#keys.segments), this.#keys);
      if (missing.flags.size + missing.segments.size === 0) return;
      addKeys(this.#keys, missing);
      replayed.update(missing);
    }
  }

  /** Revisions above `low`, up to `high`, that changed one of the keys, the newest of them; oldest first. */
  #changesBetween(low: number, high: number): readonly number[] {
    const ids = this.#ids(this.#keys);
    const newestFirst: number[] = [];
    for (let upTo = high; newestFirst.length < REPLAY_STEPS_MAX; ) {
      const change = this.#lastChangeOf(ids, upTo);
      if (change === undefined || change <= low) break;
      newestFirst.push(change);
      upTo = change - 1;
    }
    return newestFirst.reverse();
  }

  #changedBetween(
    keys: { readonly flags: Iterable<string>; readonly segments: Iterable<string> },
    low: number,
    high: number,
  ): Keys {
    const { project, environment } = this.#scope;
    const changed = (id: EntityId): boolean => (this.#lastChangeOf([id], high) ?? 0) > low;
    const touched = noKeys();
    for (const key of keys.flags)
      if (changed(flagId(project, key)) || changed(flagConfigId(project, environment, key)))
        touched.flags.add(key);
    for (const key of keys.segments) if (changed(segmentId(project, key))) touched.segments.add(key);
    return touched;
  }

  #lastChangeOf(ids: readonly EntityId[], upTo: number): number | undefined {
    let last: number | undefined;
    for (const id of ids) {
      const revision = this.#parts.store.revisionsOf(id, upTo + 1, 1)[0];
      if (revision !== undefined && revision > (last ?? 0)) last = revision;
    }
    return last;
  }

  #ids({ flags, segments }: Keys): readonly EntityId[] {
    const { project, environment } = this.#scope;
    return [
      ...[...flags].flatMap((key) => [flagId(project, key), flagConfigId(project, environment, key)]),
      ...[...segments].map((key) => segmentId(project, key)),
    ];
  }

  #absenceAt(revision: number): Absence | undefined {
    const { project, environment } = this.#scope;
    const gone = (id: EntityId): boolean =>
      this.#parts.history.entityAt(id, revision)?.change.deleted ?? true;
    if (gone(projectId(project))) return 'project';
    return gone(environmentId(project, environment)) ? 'environment' : undefined;
  }
}

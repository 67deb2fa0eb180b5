/**
 * One environment as this process serves it: the entities that its streams
 * send, and the compiled set that answers.
 *
 * Holds true: what evaluations read is one immutable object, replaced in one
 * assignment; the replica itself lives as long as the environment does, so that
 * streams can hold on to it.
 */
import type { CompiledSet } from '@flagstream/engine';
import {
  type EntityReadings,
  EnvironmentSet,
  EnvironmentUnits,
  type FlagstreamError,
  fail,
  type GoodUnits,
  type Guarded,
  LIMITS,
  type Quarantined,
  type QuarantineLookup,
  sha256,
} from '@flagstream/protocol';
import {
  ENTITY_KIND,
  type EnvironmentScope,
  EnvironmentView,
  type VersionedEntity,
} from '@flagstream/replica';

/** What evaluations read. */
export interface EnvironmentState {
  readonly project: string;
  readonly environment: string;
  readonly set: CompiledSet;
  readonly quarantined: QuarantineLookup;
  /** Counts the states of this environment since the process started. */
  readonly generation: number;
}

/** States for which it is remembered which flags they affected. */
const REMEMBERED_GENERATIONS = 64;

export class EnvironmentReplica {
  readonly scope: EnvironmentScope;
  readonly #readings: EntityReadings;
  #view: EnvironmentView;
  #compiled: EnvironmentSet;
  #state: EnvironmentState;
  /** Flags that each of the newest generations affected, oldest first; undefined: all of them. */
  #affected: (ReadonlySet<string> | undefined)[] = [];
  /** What was asked last of the newest state. */
  #asked:
    | {
        readonly state: EnvironmentState;
        readonly generation: number;
        readonly affected: ReadonlySet<string> | undefined;
      }
    | undefined;
  #gone = false;
  /** Makes the digest of the first view. */
  readonly #digest: Generator<void, void>;

  /**
   * @param floor the oldest revision from which a delta can be told
   * @param held last good versions of what was in quarantine in another process
   * @param later its first set may be compiled by and by; see EnvironmentSet
   */
  constructor(
    scope: EnvironmentScope,
    readings: EntityReadings,
    entities: Iterable<VersionedEntity>,
    floor: number,
    held?: GoodUnits,
    later?: Guarded,
  ) {
    this.scope = scope;
    this.#readings = readings;
    this.#view = viewOf(scope, entities, floor);
    this.#compiled = new EnvironmentSet(new EnvironmentUnits(this.#view, readings), held, later);
    this.#state = this.#stateOf(1);
    this.#digest = this.#view.prepareDigest();
  }

  get state(): EnvironmentState {
    return this.#state;
  }

  /** Entities whose newest version is not in force, by unitId; none before all is compiled. */
  get quarantined(): ReadonlyMap<string, Quarantined> {
    return this.#compiled.quarantined;
  }

  /** The units of the newest state, by unitId; the same object in all states. What is left to compile is compiled. */
  get units(): GoodUnits {
    this.compile();
    return this.#compiled.units;
  }

  /** Versions that serve in the place of newer ones, by unitId. */
  get held(): GoodUnits {
    return this.#compiled.held;
  }

  get view(): EnvironmentView {
    return this.#view;
  }

  /** The environment was archived: its streams end. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Compiles what is left of the first set, until it is `enough`. True: nothing is left. */
  compile(enough?: () => boolean): boolean {
    if (this.#compiled.whole) return true;
    const whole = this.#compiled.compile(enough);
    // It answers the same.
    if (whole) this.#state = this.#stateOf(this.#state.generation);
    return whole;
  }

  /** Makes what streams will need of the first view, until it is `enough`. True: nothing is left. */
  prepare(enough: () => boolean): boolean {
    while (!enough()) if (this.#digest.next().done) return true;
    return false;
  }

  /** Takes entities into what streams send, revision by revision; `settle` then brings them into force. */
  apply(entities: readonly VersionedEntity[], revision: number): boolean {
    // The first set is of what they replace.
    if (!this.#compiled.whole && entities.some(({ change }) => this.#view.holds(change))) this.compile();
    return this.#view.apply(entities, revision);
  }

  /** Compiles what these entities touch and swaps the state. */
  settle(entities: Iterable<VersionedEntity>): void {
    const flags = new Set<string>();
    const segments = new Set<string>();
    for (const { change } of entities) {
      if (!this.#view.holds(change)) continue;
      if (change.kind === ENTITY_KIND.flag || change.kind === ENTITY_KIND.flagConfig) flags.add(change.key);
      else if (change.kind === ENTITY_KIND.segment) segments.add(change.key);
    }
    this.#swap(this.#compiled.update({ flags, segments }));
  }

  /** Starts over from other entities, as after a snapshot; of another log, nothing is kept of before. */
  reset(entities: Iterable<VersionedEntity>, floor: number, sameLog: boolean): void {
    this.#view = viewOf(this.scope, entities, floor);
    const units = new EnvironmentUnits(this.#view, this.#readings);
    // Compiles what is left of the first set: it reads the view of before.
    if (sameLog) this.#compiled.replace(units);
    else this.#compiled = new EnvironmentSet(units);
    this.#swap(undefined);
  }

  remove(): void {
    this.#gone = true;
  }

  /** Flags whose answers may differ since a generation, or undefined when that is too long ago. */
  affectedSince(generation: number): ReadonlySet<string> | undefined {
    const { state } = this;
    // Thousands of streams ask the same, one after the other.
    if (this.#asked?.state !== state || this.#asked.generation !== generation)
      this.#asked = { state, generation, affected: this.#affectedSince(generation) };
    return this.#asked.affected;
  }

  #affectedSince(generation: number): ReadonlySet<string> | undefined {
    const missed = this.#state.generation - generation;
    if (missed === 0) return new Set();
    if (missed > this.#affected.length) return undefined;
    const recent = this.#affected.slice(-missed);
    const union = new Set<string>();
    for (const affected of recent) {
      if (affected === undefined) return undefined;
      for (const key of affected) union.add(key);
    }
    return union;
  }

  #swap(affected: ReadonlySet<string> | undefined): void {
    this.#affected.push(affected);
    if (this.#affected.length > REMEMBERED_GENERATIONS) this.#affected.shift();
    this.#state = this.#stateOf(this.#state.generation + 1);
  }

  #stateOf(generation: number): EnvironmentState {
    const { project, environment } = this.scope;
    const { set, quarantine } = this.#compiled;
    return { project, environment, set, quarantined: quarantine, generation };
  }
}

function viewOf(
  scope: EnvironmentScope,
  entities: Iterable<VersionedEntity>,
  floor: number,
): EnvironmentView {
  return EnvironmentView.of(sha256, scope, { revisions: LIMITS.deltaWindowRevisions }, floor, entities);
}

/** What the streams of an environment end with once it is gone. */
export function environmentArchived({ scope }: EnvironmentReplica): FlagstreamError {
  return fail('ENVIRONMENT_NOT_FOUND', `environment "${scope.environment}" was archived`);
}

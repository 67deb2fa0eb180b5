/**
 * All that this process serves, by project and environment: the folded log's
 * environments as replicas, and the position that they stand for. Second
 * station of the path, between the follower and the streams.
 *
 * Holds true: whoever reads between two changes sees the position and every
 * environment at the same revision; only environments that a change touches are
 * rebuilt.
 */
import { EntityReadings, type Guarded, LIMITS, type Quarantined } from '@flagstream/protocol';
import {
  bytesEqual,
  ENTITY_KIND,
  type EntityChange,
  entityKey,
  type LogState,
  ORIGIN,
  type Position,
  type VersionedEntity,
} from '@flagstream/replica';
import { KeyRing } from '@flagstream/runtime';
import type { FoldedRecord } from '../follow/log-follower.ts';
import { EnvironmentReplica } from './environment-replica.ts';
import { type HeldUnit, type HeldUnits, heldIn } from './held-units.ts';

export interface StateListener {
  /** These environments changed, appeared or went; the position may have moved without any. */
  changed(environments: readonly EnvironmentReplica[]): void;
  /** An entity went into quarantine, or was given up as it was (undefined: it is good again). */
  quarantine(environment: EnvironmentReplica, id: string, entry: Quarantined | undefined): void;
}

export interface StateOptions {
  /** Last good versions of what was in quarantine, for the first state that is taken. */
  readonly held?: HeldUnits | undefined;
  /**
   * Set: the first state answers before it is compiled. What is asked for is compiled then, the rest by `compile`;
   * all of it is run by this. Default: all is compiled when it is taken.
   */
  readonly later?: Guarded | undefined;
}

export class EvaluatorState {
  readonly #log: () => LogState;
  readonly #listener: StateListener;
  readonly #later: Guarded | undefined;
  readonly #readings = new EntityReadings();
  readonly #projects = new Map<string, Map<string, EnvironmentReplica>>();
  /** The log's API keys at the same position. */
  readonly keys: KeyRing = new KeyRing();
  #position: Position = ORIGIN;
  #logIdentity: Uint8Array = ORIGIN.hash;
  #held: HeldUnits | undefined;
  /** Oldest revision whose changes are all known: 0 when the log was read from its start. */
  #knownFrom = 0;

  constructor(log: () => LogState, listener: StateListener, { held, later }: StateOptions = {}) {
    this.#log = log;
    this.#listener = listener;
    this.#held = held;
    this.#later = later;
  }

  /** Last good versions of what is in quarantine now. */
  held(): HeldUnits {
    const units: HeldUnit[] = [];
    for (const { scope, held } of this.environments())
      for (const [id, unit] of held)
        units.push({ ...scope, kind: id.startsWith('segment/') ? 'segment' : 'flag', unit });
    return { logIdentity: this.#log().logIdentity, units };
  }

  /** The revision that answers stand for. */
  get position(): Position {
    return this.#position;
  }

  hasProject(project: string): boolean {
    return this.#projects.has(project);
  }

  environment(project: string, environment: string): EnvironmentReplica | undefined {
    return this.#projects.get(project)?.get(environment);
  }

  *environments(): Iterable<EnvironmentReplica> {
    for (const environments of this.#projects.values()) yield* environments.values();
  }

  /** Takes records that the log state has folded already. */
  moved(records: readonly FoldedRecord[]): void {
    const log = this.#log();
    const places = new Set<string>();
    const newest = new Map<string, VersionedEntity>();
    const touched = new Set<EnvironmentReplica>();
    for (const { revision, changes } of records) {
      const entities = changes.map((change) => ({ change, version: revision }));
      for (const entity of entities) {
        if (isPlace(entity.change)) places.add(entity.change.project);
        newest.set(entityKey(entity.change), entity);
      }
      for (const replica of this.#replicasOf(changes))
        this.#watchQuarantine(replica, () => {
          if (replica.apply(entities, revision)) touched.add(replica);
        });
    }
    for (const replica of touched) this.#watchQuarantine(replica, () => replica.settle(newest.values()));
    const moved = [...touched, ...this.#place(log, places)];
    this.#settle(log);
    for (const { changes } of records) this.keys.apply(changes);
    this.#listener.changed(moved);
  }

  /** Takes the log state as a whole: another snapshot was loaded. */
  replaced(): void {
    const log = this.#log();
    const { revision } = log.position;
    this.#knownFrom = Math.max(0, revision - LIMITS.deltaWindowRevisions);
    const byProject = new Map<string, VersionedEntity[]>();
    const places = new Set<string>(this.#projects.keys());
    const keys: EntityChange[] = [];
    for (const entity of log.entities()) {
      const { kind, project } = entity.change;
      if (kind === ENTITY_KIND.key) keys.push(entity.change);
      if (isPlace(entity.change)) places.add(project);
      const entities = byProject.get(project);
      if (entities === undefined) byProject.set(project, [entity]);
      else entities.push(entity);
    }
    const moved: EnvironmentReplica[] = [...this.environments()];
    const sameLog = bytesEqual(this.#logIdentity, log.logIdentity);
    for (const replica of moved) {
      const entities = byProject.get(replica.scope.project) ?? [];
      this.#watchQuarantine(replica, () => replica.reset(entities, this.#floor(revision), sameLog));
    }
    moved.push(...this.#place(log, places, byProject));
    this.#settle(log);
    this.keys.replace(keys);
    this.#listener.changed(moved);
  }

  /** Compiles what is left of the first state, until it is `enough`. True: nothing is left. */
  compile(enough: () => boolean): boolean {
    for (const replica of this.environments()) {
      let whole = true;
      this.#watchQuarantine(replica, () => {
        whole = replica.compile(enough);
      });
      if (!whole) return false;
    }
    return true;
  }

  /** Makes what streams will need, until it is `enough`. True: nothing is left. */
  prepare(enough: () => boolean): boolean {
    for (const replica of this.environments()) if (!replica.prepare(enough)) return false;
    return true;
  }

  #settle(log: LogState): void {
    this.#position = log.position;
    this.#logIdentity = log.logIdentity;
    this.#held = undefined;
  }

  #floor(revision: number): number {
    return Math.max(this.#knownFrom, revision - LIMITS.deltaWindowRevisions);
  }

  #replicasOf(changes: readonly EntityChange[]): ReadonlySet<EnvironmentReplica> {
    const replicas = new Set<EnvironmentReplica>();
    for (const project of new Set(changes.map((change) => change.project)))
      for (const replica of this.#projects.get(project)?.values() ?? []) replicas.add(replica);
    return replicas;
  }

  /** Brings the environments of some projects in line with what exists; answers those that came or went. */
  #place(
    log: LogState,
    projects: ReadonlySet<string>,
    byProject?: ReadonlyMap<string, readonly VersionedEntity[]>,
  ): readonly EnvironmentReplica[] {
    const moved: EnvironmentReplica[] = [];
    for (const project of projects) {
      const entities =
        byProject?.get(project) ?? [...log.entities()].filter((e) => e.change.project === project);
      const wanted = environmentsIn(entities);
      const held = this.#projects.get(project) ?? new Map<string, EnvironmentReplica>();
      for (const [key, replica] of held) {
        if (wanted?.has(key)) continue;
        held.delete(key);
        replica.remove();
        moved.push(replica);
      }
      for (const environment of wanted ?? []) {
        if (held.has(environment)) continue;
        const floor = this.#floor(log.position.revision);
        const scope = { project, environment };
        const good = heldIn(this.#held, log.logIdentity, scope);
        const later = this.#position.revision === 0 ? this.#later : undefined;
        const replica = new EnvironmentReplica(scope, this.#readings, entities, floor, good, later);
        held.set(environment, replica);
        for (const [id, entry] of replica.quarantined) this.#listener.quarantine(replica, id, entry);
        moved.push(replica);
      }
      if (wanted === undefined) this.#projects.delete(project);
      else this.#projects.set(project, held);
    }
    return moved;
  }

  /** Tells which entities went into quarantine or came out of it. */
  #watchQuarantine(replica: EnvironmentReplica, change: () => void): void {
    const before = replica.quarantined;
    change();
    const after = replica.quarantined;
    if (before === after) return;
    for (const [id, entry] of after)
      if (before.get(id)?.message !== entry.message) this.#listener.quarantine(replica, id, entry);
    for (const id of before.keys()) if (!after.has(id)) this.#listener.quarantine(replica, id, undefined);
  }
}

function isPlace({ kind }: EntityChange): boolean {
  return kind === ENTITY_KIND.project || kind === ENTITY_KIND.environment;
}

/** Keys of a project's environments, or undefined when the project is not there. */
function environmentsIn(entities: Iterable<VersionedEntity>): ReadonlySet<string> | undefined {
  const environments = new Set<string>();
  let exists = false;
  for (const { change } of entities) {
    if (change.deleted) continue;
    if (change.kind === ENTITY_KIND.project) exists = true;
    else if (change.kind === ENTITY_KIND.environment) environments.add(change.key);
  }
  return exists ? environments : undefined;
}

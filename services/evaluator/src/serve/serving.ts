/**
 * What the services of this process answer from: which environment a caller
 * means, at which revision, how fresh. Nothing is answered before a first whole
 * state was loaded.
 */
import { fail, freshnessToWire } from '@flagstream/protocol';
import {
  sourceStateToJSON,
  type Freshness as WireFreshness,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import {
  type Freshness,
  type LogState,
  ORIGIN,
  type Place,
  type Position,
  type SourceState,
} from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import type { ServedLog } from '../fanout/served-environment.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import type { EvaluatorState } from '../state/evaluator-state.ts';

/** What every answer says about its revision. */
export interface Stamp {
  readonly epoch: number;
  readonly revision: bigint;
  readonly freshness: WireFreshness;
}

export class Serving implements ServedLog {
  readonly #follower: LogFollower;
  readonly #state: EvaluatorState;
  readonly #liveState: () => SourceState;
  /** Unix ms: what flags' schedules count by. It may be set, so nothing of ours is timed by it. */
  readonly now: () => number;
  /** Flags come from flagd's files: every flag set that a caller can name is one of theirs. */
  readonly servesFiles: boolean;
  #ready = false;
  /** The wire's form of the newest revision, made once per revision. */
  #stamped: { readonly position: Position; readonly revision: bigint } = { position: ORIGIN, revision: 0n };

  constructor(
    follower: LogFollower,
    state: EvaluatorState,
    liveState: () => SourceState,
    now: () => number,
    servesFiles = false,
  ) {
    this.#follower = follower;
    this.#state = state;
    this.#liveState = liveState;
    this.now = now;
    this.servesFiles = servesFiles;
  }

  /** A first whole state was loaded; stays true whatever happens to the source. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Asks the follower again; true when the process became ready just now. */
  becameReady(): boolean {
    if (this.#ready || !this.#follower.caughtUp) return false;
    this.#ready = true;
    return true;
  }

  position(): Position {
    return this.#state.position;
  }

  /** The newest revision that changed an environment, on the lineage that is served. */
  changedPlace({ view }: EnvironmentReplica): Place {
    return { epoch: this.position().epoch, revision: view.changedRevision };
  }

  state(): LogState {
    return this.#follower.state;
  }

  freshness(): Freshness {
    const { stalenessMs, estimated, source } = this.#follower.freshness();
    return { stalenessMs, estimated, source: source === 'live' ? this.#liveState() : source };
  }

  stamp(): Stamp {
    const { position } = this.#state;
    if (position !== this.#stamped.position)
      this.#stamped = { position, revision: BigInt(position.revision) };
    const freshness = freshnessToWire(this.freshness());
    return { epoch: position.epoch, revision: this.#stamped.revision, freshness };
  }

  /** The stamp as the metadata of an error has it, under the names of an answer's JSON. */
  place(belowMinRevision: boolean): Readonly<Record<string, string>> {
    const { epoch, revision, freshness } = this.stamp();
    return {
      epoch: String(epoch),
      revision: String(revision),
      stalenessMs: String(freshness.stalenessMs),
      estimated: String(freshness.estimated),
      source: sourceStateToJSON(freshness.source),
      belowMinRevision: String(belowMinRevision),
    };
  }

  /** @throws FlagstreamError NOT_READY */
  requireReady(): void {
    if (!this.#ready)
      throw fail('NOT_READY', 'this evaluator has not loaded a state yet', { retryAfterMs: 1_000 });
  }

  /** Whether the node is ready, and has the environment of this caller. */
  hasEnvironment({ project, environment }: Principal): boolean {
    return this.#ready && this.#state.environment(project, environment) !== undefined;
  }

  /** @throws FlagstreamError NOT_READY, PROJECT_NOT_FOUND, ENVIRONMENT_NOT_FOUND */
  environment({ project, environment }: Principal): EnvironmentReplica {
    this.requireReady();
    const replica = this.#state.environment(project, environment);
    if (replica !== undefined) return replica;
    const metadata = { project, environment };
    if (!this.#state.hasProject(project))
      throw fail('PROJECT_NOT_FOUND', `project "${project}" does not exist`, { metadata });
    throw fail(
      'ENVIRONMENT_NOT_FOUND',
      `environment "${environment}" does not exist in project "${project}"`,
      {
        metadata,
      },
    );
  }
}

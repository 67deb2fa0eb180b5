/**
 * An environment as the push protocol's session asks for it: the replica's
 * entities at the position of the whole log.
 */
import {
  bytesEqual,
  type Freshness,
  type LogState,
  type Position,
  type SyncEnvironment,
} from '@flagstream/replica';
import type { EnvironmentReplica } from '../state/environment-replica.ts';

/** What all environments of a process share. */
export interface ServedLog {
  /** The revision that everything served stands for. */
  position(): Position;
  state(): LogState;
  freshness(): Freshness;
}

export class ServedEnvironment implements SyncEnvironment {
  readonly #replica: EnvironmentReplica;
  readonly #log: ServedLog;

  constructor(replica: EnvironmentReplica, log: ServedLog) {
    this.#replica = replica;
    this.#log = log;
  }

  get project(): string {
    return this.#replica.scope.project;
  }

  get environment(): string {
    return this.#replica.scope.environment;
  }

  head(): Position {
    return this.#log.position();
  }

  changedRevision(): number {
    return this.#replica.view.changedRevision;
  }

  digest(): { readonly hi: bigint; readonly lo: bigint } {
    return this.#replica.view.digest;
  }

  logIdentity(): Uint8Array {
    return this.#log.state().logIdentity;
  }

  /** A cursor is a revision of the whole log, whether or not it changed anything here. */
  canDelta(from: Position): boolean {
    if (from.revision < this.#replica.view.floor) return false;
    const hash = this.#log.state().hashAt(from.revision);
    return hash !== undefined && bytesEqual(hash, from.hash);
  }

  hasWithdrawn(from: Position): boolean {
    return this.#log.state().standing(from) === 'foreign';
  }

  freshness(): Freshness {
    return this.#log.freshness();
  }
}

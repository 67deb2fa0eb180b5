/**
 * When environments changed last. A client asks for its flags and then opens its stream; what changed in between, and
 * was asked for before, nobody else would tell it.
 */
import type { ChangeFanout, FanoutMember } from '../fanout/change-fanout.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';

/** From a client's answer to the beginning of its stream: a connection, and a page that is still being loaded. */
const BETWEEN_MS = 10_000;

export class NewestChanges {
  readonly #fanout: ChangeFanout;
  readonly #monotonicMs: () => number;
  /** Of environments that somebody has asked for. */
  readonly #changedMs = new WeakMap<EnvironmentReplica, number>();

  constructor(fanout: ChangeFanout, monotonicMs: () => number) {
    this.#fanout = fanout;
    this.#monotonicMs = monotonicMs;
  }

  /** Somebody has asked for its flags: from now on its changes are noted, until it is gone. */
  follow(environment: EnvironmentReplica): void {
    if (this.#changedMs.has(environment)) return;
    this.#changedMs.set(environment, Number.NEGATIVE_INFINITY);
    const member: FanoutMember = {
      changed: () => {
        this.#changedMs.set(environment, this.#monotonicMs());
        if (environment.gone) this.#fanout.remove(environment, member);
      },
    };
    this.#fanout.add(environment, member);
  }

  /** Whether who asked a moment ago may have asked before the newest change. */
  isJustChanged(environment: EnvironmentReplica, wallMs: number): boolean {
    const changedMs = this.#changedMs.get(environment);
    if (changedMs === undefined) return false;
    if (this.#monotonicMs() - changedMs <= BETWEEN_MS) return true;
    const transitionMs = environment.state.set.nextTransition(wallMs - BETWEEN_MS);
    return transitionMs !== undefined && transitionMs <= wallMs;
  }
}

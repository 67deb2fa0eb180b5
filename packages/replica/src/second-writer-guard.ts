/**
 * Whether another control plane writes this log, told from head beacons and
 * answers: a boot id is made at each start, so one that is not ours is another
 * process. Pure; the clock is passed in.
 */
import type { HeadBeacon } from './seams.ts';

export type GuardVerdict =
  | 'own'
  /** Another one runs, and we have only just started: we must not go on. */
  | 'refuse-start'
  /** Another one was started beside us, heard for the first time: an alarm. */
  | 'alarm'
  /** One that was told of before. */
  | 'known';

/** Boot ids that are told apart; a control plane that restarts for ever costs no memory. */
const KNOWN_MAX = 100;

export class SecondWriterGuard {
  readonly #bootId: string;
  readonly #refuseUntilMs: number;
  readonly #known = new Set<string>();
  #foreign = 0;

  /** @param refuseMs time after the start in which another one makes this one stop */
  constructor(bootId: string, refuseMs: number, startedMs: number) {
    this.#bootId = bootId;
    this.#refuseUntilMs = startedMs + refuseMs;
  }

  /** Beacons of others that were heard. */
  get foreign(): number {
    return this.#foreign;
  }

  heard({ bootId }: Pick<HeadBeacon, 'bootId'>, nowMs: number): GuardVerdict {
    if (bootId === this.#bootId) return 'own';
    this.#foreign += 1;
    if (nowMs < this.#refuseUntilMs) return 'refuse-start';
    if (this.#known.has(bootId)) return 'known';
    if (this.#known.size === KNOWN_MAX) this.#known.clear();
    this.#known.add(bootId);
    return 'alarm';
  }
}

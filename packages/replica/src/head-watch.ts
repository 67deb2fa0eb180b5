/**
 * Whose heads a follower believes. One control plane speaks for a log, known by
 * the boot_id that it made at its start; while it speaks, another one's heads
 * (a copied file, a process that should be gone) are counted and not heard. A
 * control plane that was started again is such another one for a moment: what
 * it said counts only once the one before speaks again after it.
 */
import { comparePositions, type Place, type Position } from './position.ts';
import type { HeadBeacon } from './seams.ts';

export class HeadWatch {
  readonly #silenceMs: number;
  #newest: HeadBeacon | undefined;
  #heardMs = Number.NEGATIVE_INFINITY;
  #strangers = 0;
  /** Heads of others since the believed one spoke last. */
  #unheard = 0;

  /** @param silenceMs a speaker that said nothing for this long is gone: the next one is believed */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** The newest head that the believed control plane told. */
  get newest(): HeadBeacon | undefined {
    return this.#newest;
  }

  /** Heads of others that were not heard, while the believed one spoke before and after them. */
  get strangers(): number {
    return this.#strangers;
  }

  /** False: not to be heard. */
  hear(beacon: HeadBeacon, nowMs: number): boolean {
    const newest = this.#newest;
    if (newest !== undefined && newest.bootId !== beacon.bootId && nowMs - this.#heardMs < this.#silenceMs) {
      this.#unheard += 1;
      return false;
    }
    if (newest?.bootId === beacon.bootId) this.#strangers += this.#unheard;
    this.#unheard = 0;
    this.#heardMs = nowMs;
    // Within one life of a control plane the log only grows: a lower head is a late one.
    const late = newest?.bootId === beacon.bootId && comparePositions(placeOf(beacon), placeOf(newest)) < 0;
    if (!late) this.#newest = beacon;
    return true;
  }
}

export function headPosition({ epoch, headRevision, headHash }: HeadBeacon): Position {
  return { epoch, revision: headRevision, hash: headHash };
}

const placeOf = ({ epoch, headRevision }: HeadBeacon): Place => ({ epoch, revision: headRevision });

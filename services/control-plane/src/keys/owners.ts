/**
 * Whether anybody is left who can administer the installation by a key. The
 * next start makes a first owner where nobody is, and until then the log says so.
 */
import { endMsOf } from '@flagstream/protocol';
import { ENTITY_KIND } from '@flagstream/replica';
import { EVERYWHERE, grantsOf, type KeyRing, type Logger, mayPassOn, VERBS } from '@flagstream/runtime';
import { storedKey } from '../commands/api-keys.ts';
import type { ChangeLog } from '../log/change-log.ts';

/** An owner's key runs out without any change: how late its end is noticed. */
const LOOK_MS = 60_000;

/** Whether a live key may administer everything and hand on every right: one that may not leaves rights to nobody. */
export function hasOwner({ store }: ChangeLog, nowMs: number): boolean {
  return store
    .entities({ kind: ENTITY_KIND.key, project: '', environment: '', limit: Number.MAX_SAFE_INTEGER })
    .some(({ change }) => {
      const key = change.deleted ? undefined : storedKey(change);
      if (key === undefined || endMsOf(key.expireTime) <= nowMs) return false;
      if (!key.secrets.some(({ expireTime }) => endMsOf(expireTime) > nowMs)) return false;
      const grants = grantsOf(key, EVERYWHERE);
      return VERBS.every((verb) => mayPassOn({ grants }, verb, EVERYWHERE));
    });
}

export interface OwnerWatchParts {
  readonly log: ChangeLog;
  readonly ring: KeyRing;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Warns once whenever the last owner is gone. */
export class OwnerWatch {
  readonly #parts: OwnerWatchParts;
  readonly #stops: readonly (() => void)[];
  #had = true;

  constructor(parts: OwnerWatchParts) {
    this.#parts = parts;
    const timer = setInterval(() => this.look(), LOOK_MS);
    timer.unref();
    this.#stops = [parts.ring.onChange(() => this.look()), () => clearInterval(timer)];
    this.look();
  }

  look(): void {
    const { log, now, logger } = this.#parts;
    const has = hasOwner(log, now());
    if (this.#had && !has)
      logger.warn(
        'no key of an owner is left that may do everything: the next start makes one (DATA/owner-key)',
      );
    this.#had = has;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

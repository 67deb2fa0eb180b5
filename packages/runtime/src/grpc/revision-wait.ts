/**
 * Reads that must not be older than a revision: they wait, for a short and
 * bounded time, until the state of this process holds it.
 *
 * Holds true: every call that waits is settled once, by the revision, by the
 * bound, by its deadline or by its caller leaving; none waits longer than the
 * bound.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import {
  formatPosition,
  type HeldLog,
  type Position,
  reached,
  type WantedRevision,
} from '@flagstream/replica';
import type { CallContext } from './handler.ts';

/** How a call went on. */
export type WaitOutcome =
  | 'reached'
  /** Not in time, and the caller takes an older answer. */
  | 'below';

interface Waiter {
  readonly wanted: WantedRevision;
  readonly settle: (end: 'reached' | 'late' | Error) => void;
}

/** Part of the time up to the deadline that a call waits: an answer after it reaches nobody. */
const DEADLINE_SHARE = 0.9;

/** What a wait needs to know of its call. */
type WaitingCall = Pick<CallContext, 'signal' | 'deadlineMs'>;

export class RevisionWait {
  readonly #log: () => HeldLog;
  readonly #waitersMax: number;
  readonly #waiters = new Set<Waiter>();

  constructor(log: () => HeldLog, waitersMax: number = LIMITS.minRevisionWaitersMax) {
    this.#log = log;
    this.#waitersMax = waitersMax;
  }

  /** Calls that wait now. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** The position moved: those who waited for it go on. */
  moved(): void {
    if (this.#waiters.size === 0) return;
    const held = this.#log();
    for (const { wanted, settle } of this.#waiters) {
      const reach = reached(wanted, held);
      if (reach === 'reached') settle('reached');
      else if (reach === 'forked') settle(forkedRevision(wanted, held.position));
    }
  }

  /**
   * Undefined when there is nothing to wait for, so that the usual call stays
   * synchronous.
   * @throws FlagstreamError REVISION_FORKED, OVERLOADED; rejects with
   * REVISION_NOT_REACHED, unless an older answer is taken.
   */
  until(
    minRevision: Revision | undefined,
    call: WaitingCall,
    allowStale: boolean,
  ): Promise<WaitOutcome> | undefined {
    if (minRevision === undefined) return undefined;
    const { epoch, revision, hash } = minRevision;
    const wanted = { epoch, revision: Number(revision), hash };
    const held = this.#log();
    const reach = reached(wanted, held);
    if (reach === 'reached') return undefined;
    if (reach === 'forked') throw forkedRevision(wanted, held.position);
    if (this.#waiters.size < this.#waitersMax) return this.#wait(wanted, call, allowStale);
    if (allowStale) return Promise.resolve('below');
    throw fail('OVERLOADED', 'too many calls wait for a revision', {
      retryAfterMs: LIMITS.minRevisionWaitMs,
    });
  }

  #wait(
    wanted: WantedRevision,
    { signal, deadlineMs }: WaitingCall,
    allowStale: boolean,
  ): Promise<WaitOutcome> {
    const leftMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : deadlineMs - Date.now();
    const waitMs = Math.max(0, Math.min(LIMITS.minRevisionWaitMs, leftMs * DEADLINE_SHARE));
    return new Promise((resolve, reject) => {
      const late = (): void => waiter.settle('late');
      const waiter: Waiter = {
        wanted,
        settle: (end) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener('abort', late);
          if (end === 'reached') resolve('reached');
          else if (end !== 'late') reject(end);
          else if (allowStale) resolve('below');
          else reject(notReached(wanted, this.#log().position));
        },
      };
      const timer = setTimeout(late, waitMs);
      signal.addEventListener('abort', late, { once: true });
      this.#waiters.add(waiter);
    });
  }
}

function notReached(wanted: WantedRevision, applied: Position): Error {
  return fail(
    'REVISION_NOT_REACHED',
    `revision ${formatWanted(wanted)} was not reached in time, this node is at ${formatPosition(applied)}`,
    { metadata: metadata(wanted, applied) },
  );
}

/** The one error for a revision of a branch that is gone. */
export function forkedRevision(wanted: WantedRevision, applied: Position): Error {
  return fail(
    'REVISION_FORKED',
    `revision ${formatWanted(wanted)} is forked: it is not on the lineage of ${formatPosition(applied)}`,
    { metadata: metadata(wanted, applied) },
  );
}

function metadata(wanted: WantedRevision, applied: Position): Readonly<Record<string, string>> {
  return { wanted: formatWanted(wanted), applied: formatPosition(applied) };
}

/** Without an epoch where the caller named none. */
function formatWanted(wanted: WantedRevision): string {
  return wanted.epoch === 0 ? String(wanted.revision) : formatPosition(wanted);
}

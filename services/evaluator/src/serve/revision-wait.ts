/**
 * Reads that must not be older than a revision: they wait, for a short and
 * bounded time, until it was applied.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bytesEqual, formatPosition, type LogState, type Position } from '@flagstream/replica';
import type { CallContext } from '@flagstream/runtime';

interface Waiter {
  readonly wanted: Revision;
  /** Settled, either way. */
  done(outcome: 'reached' | 'timeout' | Error): void;
}

/** Calls that may wait at once: beyond, they are told to come back. */
const WAITERS_MAX = 10_000;

export class RevisionWait {
  readonly #log: () => LogState;
  readonly #waiters = new Set<Waiter>();

  constructor(log: () => LogState) {
    this.#log = log;
  }

  /** The position moved: those who waited for it go on. */
  moved(): void {
    for (const waiter of this.#waiters) {
      try {
        if (reached(waiter.wanted, this.#log())) waiter.done('reached');
      } catch (error) {
        waiter.done(error as Error);
      }
    }
  }

  /**
   * Undefined when there is nothing to wait for, so that the usual call stays
   * synchronous.
   * @throws FlagstreamError REVISION_FORKED, OVERLOADED; rejects with REVISION_NOT_REACHED
   */
  until(wanted: Revision | undefined, context: CallContext): Promise<void> | undefined {
    if (wanted === undefined || wanted.revision === 0n || reached(wanted, this.#log())) return undefined;
    if (this.#waiters.size >= WAITERS_MAX)
      throw fail('OVERLOADED', 'too many calls wait for a revision', {
        retryAfterMs: LIMITS.minRevisionWaitMs,
      });
    return this.#wait(wanted, context);
  }

  #wait(wanted: Revision, { signal, deadlineMs }: CallContext): Promise<void> {
    const leftMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : deadlineMs - Date.now();
    const waitMs = Math.max(0, Math.min(LIMITS.minRevisionWaitMs, leftMs));
    return new Promise((resolve, reject) => {
      const abandoned = (): void => waiter.done('timeout');
      const waiter: Waiter = {
        wanted,
        done: (outcome) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener('abort', abandoned);
          if (outcome === 'reached') resolve();
          else reject(outcome === 'timeout' ? notReached(wanted, this.#log().position) : outcome);
        },
      };
      const timer = setTimeout(abandoned, waitMs);
      signal.addEventListener('abort', abandoned, { once: true });
      this.#waiters.add(waiter);
    });
  }
}

/** Whether the state holds a revision. @throws FlagstreamError REVISION_FORKED when it never will */
function reached(wanted: Revision, log: LogState): boolean {
  const { epoch, revision } = log.position;
  const wantedRevision = Number(wanted.revision);
  // Epoch 0 stands for "whichever is the newest".
  if (wanted.epoch > epoch) return false;
  if (wanted.epoch !== 0 && wanted.epoch < epoch) {
    const next = log.lineage.find((base) => base.epoch > wanted.epoch);
    if (next === undefined || wantedRevision > next.baseRevision) throw forked(wanted, log.position);
  }
  if (wantedRevision > revision) return false;
  const hash = log.hashAt(wantedRevision);
  if (wanted.hash.length > 0 && hash !== undefined && !bytesEqual(wanted.hash, hash))
    throw forked(wanted, log.position);
  return true;
}

function notReached(wanted: Revision, applied: Position): Error {
  return fail(
    'REVISION_NOT_REACHED',
    `revision ${text(wanted)} was not reached in time, this evaluator is at ${formatPosition(applied)}`,
    { metadata: { wanted: text(wanted), applied: formatPosition(applied) } },
  );
}

function forked(wanted: Revision, applied: Position): Error {
  return fail(
    'REVISION_FORKED',
    `revision ${text(wanted)} is not on the lineage of ${formatPosition(applied)}`,
    {
      metadata: { wanted: text(wanted), applied: formatPosition(applied) },
    },
  );
}

const text = ({ epoch, revision }: Revision): string => `e${epoch}.${revision}`;

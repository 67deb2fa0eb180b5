/**
 * Writes snapshots of the log to NATS when the schedule says so, in the
 * background. Evaluators with neither disk nor control plane start from them.
 *
 * Holds true: what is written is what its hashes and its digest say. One that
 * is not shows that the log is damaged: it would push out the good ones.
 */
import { LIMITS, messageOf } from '@flagstream/protocol';
import {
  formatPosition,
  type Position,
  type Snapshot,
  type SnapshotEvent,
  SnapshotSchedule,
} from '@flagstream/replica';
import { type Bus, type Logger, verifySnapshot } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import { stopDamaged } from '../log/damaged-log.ts';
import type { Snapshots } from '../sync/snapshot.ts';

export interface SnapshotWriterOptions {
  readonly log: ChangeLog;
  readonly snapshots: Pick<Snapshots, 'take'>;
  readonly bus: Pick<Bus, 'putSnapshot' | 'holdsSnapshot'>;
  readonly logger: Logger;
  /** Size of the stream's window, in bytes. */
  readonly windowBytes: number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicNow: () => number;
  /** Told of each snapshot that is in NATS, whole. */
  readonly onPut: (position: Position) => void;
}

const TICK_MS = 1_000;

export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  readonly #schedule: SnapshotSchedule;
  readonly #stops: readonly (() => void)[];
  #revision: number;
  #written = 0;
  #allowed = false;
  #closed = false;
  #writing: Promise<void> = Promise.resolve();
  /** Taken and not yet in NATS: kept for the next try, which has nothing to verify then. */
  #unwritten: Snapshot | undefined;
  /** Of the snapshot written last. */
  #last: Position | undefined;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
    const { log, windowBytes, monotonicNow } = options;
    const settings = {
      revisions: LIMITS.snapshotRevisions,
      bytes: windowBytes * LIMITS.snapshotWindowShare,
      delayMs: LIMITS.snapshotDelayMs,
      retryMs: LIMITS.snapshotRetryMs,
    };
    this.#revision = log.head().revision;
    this.#schedule = new SnapshotSchedule(settings, this.#revision, monotonicNow());
    const timer = setInterval(() => this.#tick(), TICK_MS);
    timer.unref();
    const look = setInterval(() => this.#look(), LIMITS.streamLookMs);
    look.unref();
    this.#stops = [() => clearInterval(timer), () => clearInterval(look), log.onCommit(() => this.#grown())];
  }

  /** Snapshots written since the start. */
  get written(): number {
    return this.#written;
  }

  /** A snapshot is needed now. */
  demand(): void {
    this.#handle({ type: 'demanded' });
  }

  /** Whether the log may be told of: never a log that is not known to be the one that NATS holds. */
  allow(possible: boolean): void {
    this.#allowed = possible;
    if (!possible) this.#unwritten = undefined;
    this.#tick();
  }

  /** Waits for the one that is being written. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    await this.#writing;
  }

  /** The log may have been stopped by others since. */
  #tick(): void {
    this.#handle({ type: 'possible', possible: this.#possible });
    this.#handle({ type: 'tick' });
  }

  get #possible(): boolean {
    return this.#allowed && this.#options.log.refusal === undefined;
  }

  #grown(): void {
    const { revision } = this.#options.log.head();
    const revisions = revision - this.#revision;
    const bytes = this.#options.log.store.bytesAfter(this.#revision);
    this.#revision = revision;
    this.#handle({ type: 'grown', revisions, bytes });
  }

  #handle(event: SnapshotEvent): void {
    if (this.#closed) return;
    if (this.#schedule.handle(event, this.#options.monotonicNow())) this.#writing = this.#write();
  }

  /** Somebody may have removed the bucket, or NATS may have gone back, also where nothing changes any more. */
  #look(): void {
    const { bus, logger } = this.#options;
    const last = this.#last;
    if (last === undefined || !this.#possible) return;
    bus.holdsSnapshot(last).then(
      (held) => {
        if (held || last !== this.#last) return;
        logger.warn({ position: formatPosition(last) }, 'the snapshot in NATS is gone and is written again');
        this.demand();
      },
      (error: Error) => logger.debug({ detail: error.message }, 'snapshots in NATS could not be looked at'),
    );
  }

  async #write(): Promise<void> {
    const { bus, logger, onPut } = this.#options;
    // In a turn of its own: what was just committed is shipped first.
    await new Promise((resolve) => setImmediate(resolve));
    let snapshot: Snapshot;
    try {
      snapshot = await this.#take();
      await bus.putSnapshot(snapshot);
    } catch (error) {
      logger.warn({ detail: messageOf(error) }, 'a snapshot could not be written to NATS');
      this.#handle({ type: 'put-failed' });
      return;
    }
    this.#written += 1;
    this.#unwritten = undefined;
    this.#last = snapshot.position;
    logger.info({ position: formatPosition(snapshot.position) }, 'snapshot written to NATS');
    if (!this.#closed) onPut(snapshot.position);
    this.#handle({ type: 'put' });
  }

  /** Rejects when the log cannot be read, is not to be told of, or is damaged. */
  async #take(): Promise<Snapshot> {
    const { log, snapshots, logger } = this.#options;
    this.#assertPossible();
    const again = this.#unwritten;
    const snapshot = again?.position === log.head() ? again : snapshots.take();
    this.#unwritten = snapshot;
    try {
      await verifySnapshot(snapshot);
    } catch (error) {
      stopDamaged(log, logger, messageOf(error));
      throw error;
    }
    // Much may have happened in these turns.
    this.#assertPossible();
    return snapshot;
  }

  #assertPossible(): void {
    if (!this.#possible)
      throw new Error(this.#options.log.writesStopped ?? 'the log is being compared with its stream');
  }
}

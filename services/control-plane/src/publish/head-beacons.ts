/**
 * How far the log is, for who asks and for who listens: each second and at once
 * on change. Whoever passes it on (WatchLog, NATS) hears it here.
 *
 * Holds true: nothing is told while writes are refused or held, so that a
 * forked or restored copy misleads nobody.
 */
import { fail, LIMITS, logStreamName } from '@flagstream/protocol';
import { type HeadAuthority, type HeadBeacon, LOG_ID, READER_VERSION } from '@flagstream/replica';
import type { ChangeLog } from '../log/change-log.ts';

export interface HeadBeaconsOptions {
  readonly log: ChangeLog;
  readonly natsPrefix: string;
  readonly controlPlaneId: string;
  /** Made at start, not stored. */
  readonly bootId: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Share of the period by which it varies: heads of several processes do not fall together. */
const JITTER = 0.1;

export class HeadBeacons implements HeadAuthority {
  readonly #options: HeadBeaconsOptions;
  readonly #listeners = new Set<(beacon: HeadBeacon) => void>();
  readonly #stopWatching: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeadBeaconsOptions) {
    this.#options = options;
    this.#stopWatching = options.log.onCommit(() => this.tell());
    this.#schedule();
  }

  current(): HeadBeacon {
    const { log, natsPrefix, controlPlaneId, bootId } = this.#options;
    const head = log.head();
    return {
      logId: LOG_ID,
      epoch: head.epoch,
      stream: logStreamName(natsPrefix, head.epoch),
      baseRevision: log.baseRevision,
      headRevision: head.revision,
      headHash: head.hash,
      stateDigest: log.store.stateDigest(),
      minReader: READER_VERSION,
      controlPlaneId,
      bootId,
    };
  }

  /** The head, for who asks for it. While the log must not be told of, rejects with what stops its writes. */
  async askHead(): Promise<HeadBeacon> {
    const { stopped } = this.#options.log;
    if (stopped !== undefined) throw fail(stopped.reason, stopped.why);
    return this.current();
  }

  /** Hears each beacon, until the returned function is called. */
  onBeacon(listener: (beacon: HeadBeacon) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells all listeners now, unless the log must not be told of. */
  tell(): void {
    if (this.#options.log.writesStopped !== undefined) return;
    const beacon = this.current();
    for (const listener of this.#listeners) listener(beacon);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stopWatching();
    this.#listeners.clear();
  }

  #schedule(): void {
    const jitter = 1 + JITTER * (2 * this.#options.random() - 1);
    this.#timer = setTimeout(() => {
      this.tell();
      this.#schedule();
    }, LIMITS.beaconMs * jitter);
    this.#timer.unref();
  }
}

/**
 * When the control plane writes a snapshot to NATS, as a reducer: so often that
 * snapshot and window together always reach the head, and that the way from
 * one to the other stays short. The clock is passed in.
 */

export interface SnapshotSettings {
  readonly revisions: number;
  readonly bytes: number;
  /** A change is in a snapshot at the latest after this. */
  readonly delayMs: number;
  /** Pause after a snapshot that could not be written. */
  readonly retryMs: number;
}

export type SnapshotEvent =
  /** The log grew by this many revisions and bytes. */
  | { readonly type: 'grown'; readonly revisions: number; readonly bytes: number }
  /** One is needed now: followers wait for it. */
  | { readonly type: 'demanded' }
  /** NATS takes snapshots, or does not. */
  | { readonly type: 'possible'; readonly possible: boolean }
  | { readonly type: 'tick' }
  /** The one that was ordered is there, whole. */
  | { readonly type: 'put' }
  | { readonly type: 'put-failed' };

export class SnapshotSchedule {
  readonly #settings: SnapshotSettings;
  #possible = false;
  #demanded = false;
  #revisions = 0;
  #bytes = 0;
  /** When the oldest change happened that no snapshot holds. */
  #changedMs: number | undefined;
  #writing = false;
  #notBeforeMs = 0;

  /** @param revisions that the log holds at the start, none of them known to be in a snapshot */
  constructor(settings: SnapshotSettings, revisions: number, nowMs: number) {
    this.#settings = settings;
    this.#grow(revisions, 0, nowMs);
  }

  /** True: write one of the log as it is now, and tell what came of it. */
  handle(event: SnapshotEvent, nowMs: number): boolean {
    switch (event.type) {
      case 'grown':
        this.#grow(event.revisions, event.bytes, nowMs);
        break;
      case 'demanded':
        this.#demanded = true;
        break;
      case 'possible':
        this.#possible = event.possible;
        break;
      case 'tick':
        break;
      case 'put':
        this.#writing = false;
        break;
      case 'put-failed':
        this.#writing = false;
        this.#demanded = true;
        this.#notBeforeMs = nowMs + this.#settings.retryMs;
        break;
    }
    return this.#order(nowMs);
  }

  #grow(revisions: number, bytes: number, nowMs: number): void {
    if (revisions === 0) return;
    this.#revisions += revisions;
    this.#bytes += bytes;
    this.#changedMs ??= nowMs;
  }

  #order(nowMs: number): boolean {
    if (this.#writing || !this.#possible || nowMs < this.#notBeforeMs || !this.#isDue(nowMs)) return false;
    this.#writing = true;
    this.#demanded = false;
    // What happens from now on is not in it.
    this.#revisions = 0;
    this.#bytes = 0;
    this.#changedMs = undefined;
    return true;
  }

  #isDue(nowMs: number): boolean {
    const { revisions, bytes, delayMs } = this.#settings;
    const late = this.#changedMs !== undefined && nowMs - this.#changedMs >= delayMs;
    return this.#demanded || late || this.#revisions >= revisions || this.#bytes >= bytes;
  }
}

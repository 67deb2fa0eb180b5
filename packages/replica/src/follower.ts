/**
 * A follower of the log, as a reducer: what arrives from a source goes through
 * the fold; what does not fit makes it read again or take a snapshot, never
 * skip and never "fix". Used by evaluators and by the simulation.
 */

import type { EntityChange } from './entity.ts';
import { LogState } from './log-state.ts';
import { bytesEqual, type Position } from './position.ts';
import type { Codec, LogRecord } from './record.ts';
import type { HeadBeacon, Snapshot, SourceStatus } from './seams.ts';
import type { Freshness, SourceState } from './sync-frames.ts';

export type FollowerEvent =
  | { readonly type: 'records'; readonly records: readonly Uint8Array[] }
  | { readonly type: 'head'; readonly beacon: HeadBeacon }
  | { readonly type: 'status'; readonly status: SourceStatus }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'snapshot-failed'; readonly detail: string }
  | { readonly type: 'tick' };

export type FollowerEffect =
  /** The state has moved by one record. */
  | { readonly type: 'applied'; readonly record: LogRecord; readonly changes: readonly EntityChange[] }
  /** The state was replaced by a snapshot. */
  | { readonly type: 'replaced' }
  /** Read the source again from here. */
  | { readonly type: 'reopen'; readonly after: Position }
  | { readonly type: 'fetch-snapshot'; readonly reason: string }
  | { readonly type: 'alarm'; readonly code: FollowerAlarm; readonly detail: string };

export type FollowerAlarm = 'diverged' | 'frozen' | 'broken' | 'undecodable' | 'snapshot-failed';

export interface FollowerSettings {
  /** A head above the applied revision for this long makes the source be read again. */
  readonly lagToleranceMs: number;
  /** Pause between attempts to read again or to fetch a snapshot. */
  readonly retryMs: number;
}

export class Follower {
  readonly #codec: Codec;
  readonly #settings: FollowerSettings;
  #state: LogState;
  #head: HeadBeacon | undefined;
  #headHeardMs = 0;
  #freshMs: number | undefined;
  #behindSinceMs: number | undefined;
  #retryAtMs = 0;
  #snapshotWanted: string | undefined;
  #snapshotOpen = false;
  #fault: 'frozen' | 'diverged' | undefined;
  #down = true;
  readonly #counters = { duplicates: 0, outdated: 0, gaps: 0, diverged: 0 };

  constructor(codec: Codec, settings: FollowerSettings, state: LogState = new LogState(codec)) {
    this.#codec = codec;
    this.#settings = settings;
    this.#state = state;
  }

  get state(): LogState {
    return this.#state;
  }

  /** Newest head heard of. */
  get head(): HeadBeacon | undefined {
    return this.#head;
  }

  get counters(): Readonly<Record<'duplicates' | 'outdated' | 'gaps' | 'diverged', number>> {
    return this.#counters;
  }

  /** How old the state can be; estimated, because a beacon's transit time is unknown. */
  freshness(nowMs: number): Freshness {
    const stalenessMs = this.#freshMs === undefined ? 0xffff_ffff : Math.max(0, nowMs - this.#freshMs);
    return { stalenessMs: Math.min(stalenessMs, 0xffff_ffff), estimated: true, source: this.#sourceState() };
  }

  #sourceState(): SourceState {
    if (this.#fault !== undefined) return this.#fault;
    return this.#down ? 'stale-cache' : 'live';
  }

  handle(event: FollowerEvent, nowMs: number): readonly FollowerEffect[] {
    switch (event.type) {
      case 'records':
        return this.#records(event.records, nowMs);
      case 'head':
        return this.#beacon(event.beacon, nowMs);
      case 'status':
        return this.#status(event.status, nowMs);
      case 'snapshot':
        return this.#snapshot(event.snapshot, nowMs);
      case 'snapshot-failed':
        this.#snapshotOpen = false;
        this.#retryAtMs = nowMs + this.#settings.retryMs;
        return [{ type: 'alarm', code: 'snapshot-failed', detail: event.detail }];
      case 'tick':
        return this.#tick(nowMs);
    }
  }

  #records(records: readonly Uint8Array[], nowMs: number): readonly FollowerEffect[] {
    const effects: FollowerEffect[] = [];
    for (const bytes of records) {
      let record: LogRecord;
      try {
        record = this.#codec.decodeRecord(bytes);
      } catch (cause) {
        effects.push({ type: 'alarm', code: 'undecodable', detail: String(cause) });
        return effects;
      }
      if (!this.#fold(record, effects, nowMs)) break;
    }
    this.#measure();
    return effects;
  }

  /** Folds one record; false when the rest of the batch must wait. */
  #fold(record: LogRecord, effects: FollowerEffect[], nowMs: number): boolean {
    const outcome = this.#state.apply(record);
    switch (outcome.kind) {
      case 'applied':
        this.#fault = undefined;
        effects.push({ type: 'applied', record, changes: outcome.changes });
        return true;
      case 'duplicate':
        this.#counters.duplicates += 1;
        return true;
      case 'outdated':
        this.#counters.outdated += 1;
        return true;
      case 'gap':
        this.#counters.gaps += 1;
        if (nowMs >= this.#retryAtMs) {
          this.#retryAtMs = nowMs + this.#settings.retryMs;
          effects.push({ type: 'reopen', after: outcome.after });
        }
        return false;
      case 'frozen':
        if (this.#fault !== 'frozen') {
          const detail = `revision ${record.revision} needs reader ${outcome.minReader}`;
          effects.push({ type: 'alarm', code: 'frozen', detail });
        }
        this.#fault = 'frozen';
        return false;
      case 'broken':
        effects.push({ type: 'alarm', code: 'broken', detail: outcome.detail });
        this.#want(outcome.detail);
        effects.push(...this.#tick(nowMs));
        return false;
      case 'diverged':
        effects.push(this.#diverged(outcome.detail));
        this.#want(outcome.detail);
        effects.push(...this.#tick(nowMs));
        return false;
    }
  }

  #beacon(beacon: HeadBeacon, nowMs: number): readonly FollowerEffect[] {
    this.#head = beacon;
    this.#headHeardMs = nowMs;
    this.#measure();
    if (this.#contradicts({ epoch: beacon.epoch, revision: beacon.headRevision, hash: beacon.headHash })) {
      const detail = `the head beacon names another record at revision ${beacon.headRevision}`;
      this.#want(detail);
      return [this.#diverged(detail), ...this.#tick(nowMs)];
    }
    return this.#tick(nowMs);
  }

  /**
   * Whether a position is of another log than the applied one, or of a branch.
   * A head below the applied revision is late when it is ours; when it is not,
   * nothing that is delivered would ever tell: the log has begun anew.
   */
  #contradicts({ epoch, revision, hash }: Position): boolean {
    const known = epoch === this.#state.position.epoch ? this.#state.hashAt(revision) : undefined;
    return known !== undefined && !bytesEqual(known, hash);
  }

  #diverged(detail: string): FollowerEffect {
    this.#counters.diverged += 1;
    this.#fault = 'diverged';
    return { type: 'alarm', code: 'diverged', detail };
  }

  #status(status: SourceStatus, nowMs: number): readonly FollowerEffect[] {
    this.#down = status.kind !== 'live';
    if (status.kind !== 'behind') return [];
    this.#want(status.detail);
    return this.#tick(nowMs);
  }

  #snapshot(snapshot: Snapshot, nowMs: number): readonly FollowerEffect[] {
    this.#snapshotOpen = false;
    this.#snapshotWanted = undefined;
    const mine = this.#state.position;
    const effects: FollowerEffect[] = [];
    if (this.#fault !== 'diverged' && this.#isAnotherLog(snapshot)) {
      const detail = `the snapshot of revision ${snapshot.position.revision} is of another log than the applied revision ${mine.revision}`;
      effects.push(this.#diverged(detail));
    }
    const older =
      this.#fault !== 'diverged' &&
      snapshot.position.epoch === mine.epoch &&
      snapshot.position.revision < mine.revision;
    if (older) return [{ type: 'reopen', after: mine }];
    try {
      this.#state = LogState.fromSnapshot(this.#codec, snapshot);
    } catch (cause) {
      this.#retryAtMs = nowMs + this.#settings.retryMs;
      this.#want(String(cause));
      return [...effects, { type: 'alarm', code: 'snapshot-failed', detail: String(cause) }];
    }
    this.#fault = undefined;
    this.#behindSinceMs = undefined;
    this.#measure();
    return [...effects, { type: 'replaced' }, { type: 'reopen', after: this.#state.position }];
  }

  /** Where snapshots come from is who knows the log: then what was applied is not true any more. */
  #isAnotherLog({ position, lineage }: Snapshot): boolean {
    if (this.#state.position.revision === 0) return false;
    const identity = lineage[0]?.baseHash;
    const otherIdentity = identity !== undefined && !bytesEqual(identity, this.#state.logIdentity);
    return otherIdentity || this.#contradicts(position);
  }

  #want(reason: string): void {
    this.#snapshotWanted ??= reason;
  }

  /** Level-triggered: what is still wrong is tried again. */
  #tick(nowMs: number): readonly FollowerEffect[] {
    if (nowMs < this.#retryAtMs) return [];
    if (this.#snapshotWanted !== undefined) {
      if (this.#snapshotOpen) return [];
      this.#snapshotOpen = true;
      this.#retryAtMs = nowMs + this.#settings.retryMs;
      return [{ type: 'fetch-snapshot', reason: this.#snapshotWanted }];
    }
    if (!this.#behind() || this.#fault === 'frozen') {
      this.#behindSinceMs = undefined;
      return [];
    }
    this.#behindSinceMs ??= nowMs;
    if (nowMs - this.#behindSinceMs < this.#settings.lagToleranceMs) return [];
    this.#behindSinceMs = nowMs;
    this.#retryAtMs = nowMs + this.#settings.retryMs;
    return [{ type: 'reopen', after: this.#state.position }];
  }

  #behind(): boolean {
    const head = this.#head;
    const { epoch, revision } = this.#state.position;
    return (
      head !== undefined && (head.epoch > epoch || (head.epoch === epoch && head.headRevision > revision))
    );
  }

  /** The state holds what was the newest when this head was heard: it is fresh as of then, not as of now. */
  #measure(): void {
    if (this.#head !== undefined && !this.#behind()) this.#freshMs = this.#headHeardMs;
  }
}

/**
 * A follower of the log, as a reducer: what arrives goes through the fold; what
 * does not fit makes it read again or take a snapshot, never skip and never
 * "fix". Used by evaluators and by the simulation. Its clock is monotonic.
 *
 * Holds true: on any doubt the last good state stays. Everything that must
 * happen is level-triggered: it is asked for again until it has happened.
 */
import { Backoff } from './backoff.ts';
import type { FollowerCounters, FollowerEffect, FollowerEvent, FollowerSettings } from './follower-events.ts';
import { FreshnessBound } from './freshness-bound.ts';
import { HeadWatch, headPosition } from './head-watch.ts';
import { type FoldOutcome, LogState } from './log-state.ts';
import { bytesEqual, comparePositions, formatPosition, type Place, type Position } from './position.ts';
import type { Codec, LogRecord } from './record.ts';
import type { HeadBeacon, Snapshot, SnapshotOrigin, SourceStatus } from './seams.ts';
import { judgeSnapshot } from './snapshot-verdict.ts';
import type { Freshness, SourceState } from './sync-frames.ts';

/** An estimate is told only when this many questions went without an answer. */
const ASKS_MISSED = 3;
/** A question whose answer was lost on the way back to us is asked again after this many periods. */
const ASK_LOST = 5;

interface SnapshotWish {
  readonly reason: string;
  /** Records may lead there as well: the source is read on meanwhile. */
  readonly untilHead: boolean;
}

/** With lagToleranceMs of 1.5 s: 12 s for the largest record, which is 43 KB/s. */
const PATIENCE_MAX = 8;

export interface FollowerParts {
  readonly codec: Codec;
  readonly settings: FollowerSettings;
  /** Uniform in [0, 1): spreads the fleet's requests for snapshots. */
  readonly random: () => number;
  /** What a disk had. Default: nothing. */
  readonly state?: LogState;
  /** This place and all after it must not be applied: they ended the process before. */
  readonly frozenBefore?: Place;
}

export class Follower {
  readonly #codec: Codec;
  readonly #settings: FollowerSettings;
  readonly #watch: HeadWatch;
  readonly #bound: FreshnessBound;
  readonly #snapshotBackoff: Backoff;
  readonly #frozenBefore: Place | undefined;
  readonly #counters = {
    duplicates: 0,
    outdated: 0,
    gaps: 0,
    diverged: 0,
    forked: 0,
    reopens: 0,
    snapshots: 0,
  };
  #state: LogState;
  #fault: 'frozen' | 'diverged' | undefined;
  /**
   * While diverged: what is in doubt begins at this revision (0: the state
   * itself, not a record). Only a snapshot that reaches it can decide.
   */
  #disputed = 0;
  #sourceStatus: SourceStatus['kind'] = 'down';
  /** The source was opened at some position: before, there is nothing that could deliver. */
  #opened = false;
  /** The disk held a state to serve. */
  readonly #loaded: boolean;
  /** When the state moved last. */
  #movedMs = Number.NEGATIVE_INFINITY;
  #behindSinceMs: number | undefined;
  #reopenAtMs = Number.NEGATIVE_INFINITY;
  #fruitlessReopens = 0;
  /** Reading again brought nothing as often as it is tried, and nothing came since: the source has no more. */
  #exhausted = false;
  /** Tolerances of lag that are waited for: a record on a slow line must be able to arrive between two readings. */
  #patience = 1;
  #snapshotWanted: SnapshotWish | undefined;
  #snapshotOpen = false;
  #snapshotAtMs = Number.NEGATIVE_INFINITY;
  /** Undefined before the start. */
  #askAtMs: number | undefined;

  constructor({ codec, settings, random, state = new LogState(codec), frozenBefore }: FollowerParts) {
    this.#codec = codec;
    this.#settings = settings;
    this.#state = state;
    this.#frozenBefore = frozenBefore;
    this.#loaded = state.position.revision > 0;
    this.#watch = new HeadWatch(settings.speakerSilenceMs);
    this.#bound = new FreshnessBound(ASKS_MISSED * settings.askMs);
    this.#snapshotBackoff = new Backoff(
      { baseMs: settings.retryMs, capMs: settings.snapshotRetryMaxMs },
      random,
    );
  }

  get state(): LogState {
    return this.#state;
  }

  /** Newest head that the control plane told. */
  get head(): HeadBeacon | undefined {
    return this.#watch.newest;
  }

  get counters(): FollowerCounters {
    return { ...this.#counters, strangers: this.#watch.strangers };
  }

  /** How old the state can be: a true bound, unless it is marked as estimated. */
  freshness(nowMs: number): Freshness {
    const { stalenessMs, estimated } = this.#bound.at(nowMs);
    // One literal: every answer asks for it, and a spread costs a microsecond.
    return { stalenessMs, estimated, source: this.#sourceState() };
  }

  /** The source delivers. */
  get live(): boolean {
    return this.#sourceStatus === 'live';
  }

  /** There is a whole state to serve: the disk's, or all that the source is known to hold was applied. */
  caughtUp(nowMs: number): boolean {
    if (this.#loaded) return true;
    const { position } = this.#state;
    if (position.revision === 0) return false;
    const { newest } = this.#watch;
    if (newest !== undefined && comparePositions(headPosition(newest), position) <= 0) return true;
    // A log without heads counts as read once nothing came for a while; so does one whose head nobody delivers.
    if (newest !== undefined && !this.#exhausted) return false;
    return this.live && nowMs - this.#movedMs >= this.#settings.quietMs;
  }

  #sourceState(): SourceState {
    if (this.#fault !== undefined) return this.#fault;
    return this.live ? 'live' : 'stale-cache';
  }

  handle(event: FollowerEvent, nowMs: number): readonly FollowerEffect[] {
    switch (event.type) {
      case 'start':
        return this.#start(nowMs);
      case 'records':
        return this.#records(event.records, nowMs);
      case 'head':
        return this.#heard(event.beacon, nowMs, false, nowMs);
      case 'head-answer':
        this.#askAtMs = event.askedMs + this.#settings.askMs;
        return this.#heard(event.beacon, event.askedMs, true, nowMs);
      case 'head-failed':
        this.#askAtMs = nowMs + this.#settings.askMs;
        return [];
      case 'status':
        return this.#status(event.status, nowMs);
      case 'snapshot':
        return this.#snapshot(event.snapshot, event.origin, nowMs);
      case 'snapshot-failed':
        return this.#snapshotFailed(event.detail, nowMs);
      case 'tick':
        return this.#tick(nowMs);
    }
  }

  /** With nothing applied a snapshot comes first: replaying a long log takes longer. */
  #start(nowMs: number): readonly FollowerEffect[] {
    this.#askAtMs = nowMs;
    if (this.#state.position.revision > 0) return [this.#open(), ...this.#tick(nowMs)];
    this.#want('nothing is loaded yet');
    return this.#tick(nowMs);
  }

  #open(): FollowerEffect {
    this.#opened = true;
    return { type: 'reopen', after: this.#state.position };
  }

  #records(records: readonly Uint8Array[], nowMs: number): readonly FollowerEffect[] {
    const effects: FollowerEffect[] = [];
    for (const bytes of records) {
      let record: LogRecord;
      try {
        record = this.#codec.decodeRecord(bytes);
      } catch (cause) {
        effects.push({ type: 'alarm', code: 'undecodable', detail: String(cause) });
        // Damaged on the way or where it lies: what comes next shows which.
        effects.push(...this.#reopen(nowMs));
        break;
      }
      if (!this.#fold(record, effects, nowMs)) break;
    }
    this.#settle();
    return effects;
  }

  /** Folds one record; false when the rest of the batch must wait. */
  #fold(record: LogRecord, effects: FollowerEffect[], nowMs: number): boolean {
    if (this.#isFrozen(record)) {
      this.#freeze(`revision ${record.revision} ended this process before`, effects);
      return false;
    }
    const outcome = this.#state.apply(record);
    switch (outcome.kind) {
      case 'applied':
        this.#moved(nowMs);
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
        effects.push(...this.#reopen(nowMs));
        return false;
      case 'frozen':
        this.#freeze(`revision ${record.revision} needs reader ${outcome.minReader}`, effects);
        return false;
      case 'broken':
        if (this.#snapshotWanted === undefined)
          effects.push({ type: 'alarm', code: 'broken', detail: outcome.detail });
        this.#want(outcome.detail);
        effects.push(...this.#tick(nowMs));
        return false;
      case 'diverged':
      case 'forked':
        effects.push(...this.#dispute(outcome), ...this.#tick(nowMs));
        return false;
    }
  }

  #isFrozen(place: Place): boolean {
    return this.#frozenBefore !== undefined && comparePositions(place, this.#frozenBefore) >= 0;
  }

  /** A record was applied: the log goes on from what is held. */
  #moved(nowMs: number): void {
    this.#movedMs = nowMs;
    this.#fruitlessReopens = 0;
    this.#exhausted = false;
    this.#patience = 1;
    this.#behindSinceMs = undefined;
    this.#snapshotBackoff.reset();
    if (this.#snapshotWanted?.untilHead && !this.#behind()) this.#snapshotWanted = undefined;
    if (this.#fault === 'diverged' && this.#disputed === 0) return;
    this.#fault = undefined;
  }

  #freeze(detail: string, effects: FollowerEffect[]): void {
    if (this.#fault === 'frozen') return;
    this.#fault = 'frozen';
    effects.push({ type: 'alarm', code: 'frozen', detail });
  }

  /** Two truths: serve on, say so, and let who knows the log decide. One alarm as long as it lasts. */
  #dispute(outcome: Extract<FoldOutcome, { kind: 'diverged' | 'forked' }>): readonly FollowerEffect[] {
    this.#want(outcome.detail);
    if (this.#fault === 'diverged') {
      this.#disputed = Math.min(this.#disputed, outcome.revision);
      return [];
    }
    this.#fault = 'diverged';
    this.#disputed = outcome.revision;
    this.#counters[outcome.kind] += 1;
    this.#bound.forget();
    return [{ type: 'alarm', code: outcome.kind, detail: outcome.detail }];
  }

  #heard(beacon: HeadBeacon, asOfMs: number, proven: boolean, nowMs: number): readonly FollowerEffect[] {
    if (!this.#watch.hear(beacon, nowMs)) return [];
    const place = headPosition(beacon);
    const stands = this.#state.standing(place);
    const effects: FollowerEffect[] = [];
    if (stands === 'foreign') {
      const detail = `the head names another record at revision ${place.revision} than the applied log`;
      effects.push(...this.#dispute({ kind: 'diverged', revision: place.revision, detail }));
    } else if (stands === 'here' && !bytesEqual(beacon.stateDigest, this.#state.digest)) {
      const detail = `the state at revision ${place.revision} does not add up to the head's digest`;
      effects.push(...this.#dispute({ kind: 'diverged', revision: 0, detail }));
    } else if (stands === 'unknown') {
      // Far below what was applied: a log that began anew would look like this.
      this.#want(`the head ${formatPosition(place)} is too old to be compared`);
    } else if (this.#fault !== 'diverged' && beacon.epoch >= this.#state.position.epoch) {
      this.#bound.mark(place, asOfMs, proven);
      this.#settle();
    }
    if (stands === 'ahead' && this.#isFar(place))
      this.#wantUntilHead(`far behind the head ${formatPosition(place)}`);
    effects.push(...this.#tick(nowMs));
    return effects;
  }

  #isFar(head: Position): boolean {
    if (!this.#opened || this.#fault === 'frozen') return false;
    return head.revision - this.#state.position.revision > this.#settings.replayMax;
  }

  #status(status: SourceStatus, nowMs: number): readonly FollowerEffect[] {
    this.#opened = true;
    this.#sourceStatus = status.kind;
    if (status.kind !== 'behind' || this.#fault === 'frozen') return [];
    this.#want(status.detail);
    return this.#tick(nowMs);
  }

  /** A young log has none to begin with: no alarm before anything was read. */
  #snapshotFailed(detail: string, nowMs: number): readonly FollowerEffect[] {
    const isAlarm = this.#opened;
    const effects = this.#goOnWithout(nowMs);
    return isAlarm ? [{ type: 'alarm', code: 'snapshot-failed', detail }, ...effects] : effects;
  }

  /** It is asked for again, but to begin with: then the log is read from its start. */
  #goOnWithout(nowMs: number): readonly FollowerEffect[] {
    this.#retrySnapshot(nowMs);
    if (this.#opened) return [];
    this.#snapshotWanted = undefined;
    return [this.#open()];
  }

  #retrySnapshot(nowMs: number): void {
    this.#snapshotOpen = false;
    this.#snapshotAtMs = nowMs + this.#snapshotBackoff.nextMs();
  }

  #snapshot(snapshot: Snapshot, origin: SnapshotOrigin, nowMs: number): readonly FollowerEffect[] {
    let offered: LogState;
    try {
      offered = LogState.fromSnapshot(this.#codec, snapshot);
    } catch (cause) {
      const alarm = { type: 'alarm', code: 'snapshot-failed', detail: String(cause) } as const;
      return [alarm, ...this.#goOnWithout(nowMs)];
    }
    this.#retrySnapshot(nowMs);
    if (this.#isFrozen(offered.position)) {
      const effects: FollowerEffect[] = [];
      this.#snapshotWanted = undefined;
      this.#freeze(
        `the snapshot of ${formatPosition(offered.position)} holds what ended this process`,
        effects,
      );
      return this.#opened ? effects : [...effects, this.#open()];
    }
    const disputed = this.#fault === 'diverged' ? this.#disputed : undefined;
    const verdict = judgeSnapshot(this.#state, { state: offered, origin }, disputed);
    switch (verdict.kind) {
      case 'undecided':
        return [];
      case 'settled':
      case 'older': {
        this.#snapshotWanted = undefined;
        if (verdict.kind === 'settled') this.#fault = undefined;
        // A source that could not continue waits to be opened again.
        return this.#sourceStatus === 'behind' || !this.#opened ? [this.#open()] : [];
      }
      case 'take': {
        const effects = verdict.dispute === undefined ? [] : this.#dispute(verdict.dispute);
        if (!verdict.continues) this.#bound.forget();
        this.#state = offered;
        this.#snapshotWanted = undefined;
        this.#fault = undefined;
        this.#counters.snapshots += 1;
        this.#moved(nowMs);
        this.#settle();
        return [...effects, { type: 'replaced', continues: verdict.continues }, this.#open()];
      }
    }
  }

  #want(reason: string): void {
    if (this.#snapshotWanted?.untilHead !== false) this.#snapshotWanted = { reason, untilHead: false };
  }

  /** Only to come to the head: wanted no more once the source led there. */
  #wantUntilHead(reason: string): void {
    this.#snapshotWanted ??= { reason, untilHead: true };
  }

  /** What is still wrong is tried again. */
  #tick(nowMs: number): readonly FollowerEffect[] {
    const effects: FollowerEffect[] = [];
    if (this.#askAtMs !== undefined && nowMs >= this.#askAtMs) {
      this.#askAtMs = nowMs + ASK_LOST * this.#settings.askMs;
      effects.push({ type: 'ask-head', askedMs: nowMs });
    }
    if (this.#snapshotWanted !== undefined) {
      if (!this.#snapshotOpen && nowMs >= this.#snapshotAtMs) {
        this.#snapshotOpen = true;
        effects.push({ type: 'fetch-snapshot', reason: this.#snapshotWanted.reason });
      }
      // Else no record leads on, however often it is read.
      if (!this.#snapshotWanted.untilHead) return effects;
    }
    if (!this.#behind() || this.#fault === 'frozen') {
      this.#behindSinceMs = undefined;
      return effects;
    }
    this.#behindSinceMs ??= nowMs;
    const toleranceMs = this.#settings.lagToleranceMs * this.#patience;
    if (nowMs - this.#behindSinceMs >= toleranceMs) effects.push(...this.#reopen(nowMs));
    return effects;
  }

  /** Reads the source again; where that brings nothing, a snapshot leads past it. */
  #reopen(nowMs: number): readonly FollowerEffect[] {
    if (nowMs < this.#reopenAtMs) return [];
    this.#reopenAtMs = nowMs + this.#settings.retryMs;
    this.#behindSinceMs = undefined;
    this.#counters.reopens += 1;
    if (this.#exhausted) this.#patience = Math.min(2 * this.#patience, PATIENCE_MAX);
    this.#fruitlessReopens += 1;
    if (this.#fruitlessReopens > this.#settings.fruitlessReopensMax) {
      this.#fruitlessReopens = 0;
      this.#exhausted = true;
      this.#wantUntilHead('reading the source again brings nothing');
      return this.#tick(nowMs);
    }
    return [this.#open()];
  }

  #behind(): boolean {
    const { newest } = this.#watch;
    return newest !== undefined && this.#state.standing(headPosition(newest)) === 'ahead';
  }

  /** What was applied since may be all that a head told of. */
  #settle(): void {
    if (this.#fault !== 'diverged') this.#bound.settle((place) => this.#state.standing(place));
  }
}

/**
 * What the shipper of solo mode does next, as a reducer: events in, effects
 * out, no I/O and no clock. The store commits first; the same bytes are then
 * shipped to the same places. What a look at NATS means is stream-verdict.ts's.
 *
 * Holds true:
 * - Nothing is sent to a place that was not compared with the stream since the
 *   connection last changed or an append last failed.
 * - A record that is neither ours nor a continuation met before we were running
 *   stops everything; only a person begins an epoch then.
 * - Whatever was under way when a process ended is finished by the comparison
 *   of the next one: an epoch that never reached NATS is shipped, not replaced.
 * - Followers hear of an epoch over NATS only once its GENESIS and a snapshot
 *   are there.
 */
import { nextEpoch } from './lineage.ts';
import type {
  NatsView,
  ShipEffect,
  ShipEvent,
  ShipLog,
  ShipPhase,
  ShipStop,
  TakeOver,
  WriteGate,
} from './ship-frames.ts';
import { judgeStreams } from './stream-verdict.ts';

export interface ShipSettings {
  /** Appends that may be under way at once. */
  readonly pipelineMax: number;
  /** Size of the stream's window: what is longer is not shipped again, a new epoch begins instead. */
  readonly windowBytes: number;
  /** A person said that a restored file goes on without having seen the stream. */
  readonly withoutStream: boolean;
}

type Effects = readonly ShipEffect[];

/** Looks in a row that find no record at a place inside the stream before the stream counts as damaged. */
const GONE_LOOKS_MAX = 3;
const UNSEEN_REASON = 'restored, and started without the stream';

export class ShipDecision {
  readonly #settings: ShipSettings;
  #phase: ShipPhase = 'down';
  #gate: WriteGate = { kind: 'held', detail: 'the log is being compared with its stream in NATS' };
  #connected = false;
  /** Grows whenever what is under way no longer counts. */
  #attempt = 0;
  #epoch: number;
  #base: number;
  #head: number;
  #shippedEpoch: number;
  #announcedEpoch: number;
  #restored: boolean;
  readonly #restoredOver: number;
  /** We wrote since the start. */
  #written = false;
  /** Compared, and found in order, since the start. */
  #compared = false;
  /** NATS is known to hold records that our log lacks. */
  #behind = false;
  #goneLooks = 0;
  /** Newest epoch for which a snapshot was asked for. */
  #askedEpoch = 0;
  #sentSeq = 0;
  #ackedSeq = 0;
  #takeOver: TakeOver | undefined;
  /** NATS was waited for long enough: the next look that fails is not tried again before a person's word counts. */
  #waited = false;
  /** The attempt in which a GENESIS was ordered last. */
  #beginning = 0;

  constructor(settings: ShipSettings, log: ShipLog) {
    this.#settings = settings;
    this.#epoch = log.epoch;
    this.#base = log.baseRevision;
    this.#head = log.headRevision;
    this.#shippedEpoch = log.shippedEpoch;
    this.#announcedEpoch = log.announcedEpoch;
    this.#restored = log.restored;
    this.#restoredOver = log.restoredOver ?? 0;
  }

  get phase(): ShipPhase {
    return this.#phase;
  }

  /** The epoch that is shipped. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What becomes of writes now: to be asked after each event. */
  get gate(): WriteGate {
    return this.#gate;
  }

  /** Up to this revision NATS is known to hold the log, as records or in a snapshot. */
  get shippedRevision(): number {
    if (this.#base > 0 && this.#announcedEpoch < this.#epoch) return 0;
    return this.#base + this.#ackedSeq;
  }

  /** Records that only our disk is known to hold; all of the epoch's before the stream was seen. */
  get pending(): number {
    return this.#head - this.shippedRevision;
  }

  /** Followers may be told over NATS how far this log is. */
  get announced(): boolean {
    return this.#compared && this.#gate.kind === 'open' && this.#announcedEpoch >= this.#epoch;
  }

  handle(event: ShipEvent): Effects {
    if ('attempt' in event && event.attempt !== this.#attempt) return [];
    switch (event.type) {
      case 'connected':
        this.#connected = true;
        return this.#phase === 'stopped' ? [] : this.#compare();
      case 'disconnected':
        return this.#disconnected();
      case 'unreachable':
        return this.#unreachable();
      case 'look':
        return this.#phase === 'shipping' && this.#sentSeq === this.#ackedSeq ? this.#compare() : [];
      case 'committed':
        this.#head = event.headRevision;
        this.#written = true;
        return this.#phase === 'shipping' ? this.#send() : [];
      case 'inspected':
        return this.#inspected(event.nats);
      case 'stream-created':
      case 'conflicted':
      case 'folded':
      case 'retry':
        return this.#compare();
      case 'adopted':
        this.#moveTo(event.epoch, event.baseRevision, event.headRevision);
        return [];
      case 'foreign':
        return this.#stop('forked', event.detail);
      case 'too-new':
        return this.#stop('too-new', event.detail);
      case 'epoch-begun':
        return this.#epochBegun(event.epoch, event.baseRevision);
      case 'appended':
        this.#ackedSeq = Math.max(this.#ackedSeq, event.seq);
        return [...this.#reached(), ...this.#send()];
      case 'failed':
      case 'append-failed':
        return this.#failed(event.detail);
      case 'snapshot-put':
        return this.#snapshotPut(event.epoch);
      case 'take-over':
        return this.#takeOverBy(event.by);
    }
  }

  get #goesWithoutStream(): boolean {
    return this.#settings.withoutStream && this.#restored;
  }

  get #mayBeginUnseen(): boolean {
    return this.#waited && this.#goesWithoutStream;
  }

  get #headSeq(): number {
    return this.#head - this.#base;
  }

  // The connection.

  #disconnected(): Effects {
    this.#connected = false;
    this.#attempt += 1;
    const abandoned = this.#abandonTakeOver('NATS disconnected');
    if (this.#phase !== 'stopped') this.#phase = 'down';
    return [...abandoned, ...(this.#mayBeginUnseen ? this.#beginUnseen() : [])];
  }

  /** Writes go on without NATS, except into a file that may lack revisions which only NATS has. */
  #unreachable(): Effects {
    if (this.#gate.kind !== 'held' || this.#behind) return [];
    this.#waited = true;
    // A look that is under way may still tell which epochs there are.
    if (this.#goesWithoutStream) return this.#connected ? [] : this.#beginUnseen();
    if (this.#restored) this.#hold('this file was restored from a backup and has not seen the stream yet');
    else this.#gate = { kind: 'open' };
    return [];
  }

  /** Nothing is written to the epoch of the backup: revisions after it may have been seen. */
  #beginUnseen(): Effects {
    this.#attempt += 1;
    this.#beginning = this.#attempt;
    const epoch = nextEpoch(Math.max(this.#epoch, this.#restoredOver), true);
    return [{ type: 'begin-epoch', attempt: this.#attempt, epoch, reason: UNSEEN_REASON, by: undefined }];
  }

  #failed(detail: string): Effects {
    const abandoned = this.#abandonTakeOver(detail);
    if (this.#phase === 'stopped') return abandoned;
    // A GENESIS that the disk did not take is tried again after a pause.
    const unseen = this.#mayBeginUnseen && this.#beginning !== this.#attempt;
    return [...abandoned, ...(unseen ? this.#beginUnseen() : this.#pause(detail))];
  }

  #pause(detail: string): Effects {
    this.#phase = 'comparing';
    this.#attempt += 1;
    return [{ type: 'pause', attempt: this.#attempt, detail }];
  }

  // The comparison.

  #compare(): Effects {
    this.#phase = 'comparing';
    this.#attempt += 1;
    return [{ type: 'inspect', attempt: this.#attempt }];
  }

  #inspected(nats: NatsView): Effects {
    if (this.#takeOver !== undefined) return this.#reseed(nats, 'taken over');
    if (this.#goesWithoutStream) return this.#reseed(nats, UNSEEN_REASON);
    const verdict = judgeStreams(nats, {
      epoch: this.#epoch,
      baseRevision: this.#base,
      headRevision: this.#head,
      shippedEpoch: this.#shippedEpoch,
      restored: this.#restored,
      running: this.#written || this.#compared,
      windowBytes: this.#settings.windowBytes,
    });
    if (verdict.kind === 'outdated') return this.#compare();
    if (verdict.kind !== 'unreadable') this.#goneLooks = 0;
    switch (verdict.kind) {
      case 'ship':
        return this.#ship(verdict.lastSeq);
      case 'create':
        this.#gate = { kind: 'open' };
        return [{ type: 'create-stream', attempt: this.#attempt, epoch: this.#epoch }];
      case 'fold':
        return this.#fold(verdict.epoch, verdict.fromSeq, verdict.toSeq);
      case 'reseed':
        return this.#reseed(nats, verdict.reason);
      case 'unseen':
        this.#hold(`${verdict.detail}: start it with --without-stream, or take over`);
        return this.#pause(verdict.detail);
      case 'unreadable':
        this.#goneLooks += 1;
        return this.#goneLooks < GONE_LOOKS_MAX
          ? this.#pause(verdict.detail)
          : this.#reseed(nats, verdict.detail);
      case 'stop':
        return this.#stop(verdict.code, verdict.detail);
    }
  }

  #fold(epoch: number, fromSeq: number, toSeq: number): Effects {
    this.#phase = 'folding';
    this.#behind = true;
    this.#hold('records that only NATS holds are being read');
    return [{ type: 'fold', attempt: this.#attempt, epoch, fromSeq, toSeq }];
  }

  // A new epoch.

  #reseed(nats: NatsView, reason: string): Effects {
    const newest = Math.max(this.#epoch, this.#restoredOver, nats.epochs.at(-1) ?? 0);
    const epoch = nextEpoch(newest, this.#restored);
    this.#beginning = this.#attempt;
    return [{ type: 'begin-epoch', attempt: this.#attempt, epoch, reason, by: this.#takeOver }];
  }

  /** From here on as with any epoch that NATS does not have yet: the comparison finishes it. */
  #epochBegun(epoch: number, baseRevision: number): Effects {
    this.#takeOver = undefined;
    this.#written = true;
    this.#restored = false;
    this.#moveTo(epoch, baseRevision, baseRevision + 1);
    this.#open();
    return this.#connected ? this.#compare() : [];
  }

  /** Our log went on, but not by a write. */
  #moveTo(epoch: number, baseRevision: number, headRevision: number): void {
    this.#epoch = epoch;
    this.#base = baseRevision;
    this.#head = headRevision;
    this.#sentSeq = 0;
    this.#ackedSeq = 0;
  }

  #takeOverBy(by: TakeOver): Effects {
    if (!this.#connected) return [{ type: 'take-over-failed', detail: 'NATS is not connected' }];
    this.#takeOver = by;
    return this.#compare();
  }

  /** Without NATS nobody knows which epochs there are: what was refused before stays refused. */
  #abandonTakeOver(detail: string): Effects {
    if (this.#takeOver === undefined) return [];
    this.#takeOver = undefined;
    if (this.#gate.kind === 'refused') this.#phase = 'stopped';
    return [{ type: 'take-over-failed', detail }];
  }

  // Shipping.

  #ship(lastSeq: number): Effects {
    this.#phase = 'shipping';
    this.#compared = true;
    this.#ackedSeq = lastSeq;
    this.#sentSeq = lastSeq;
    this.#open();
    return [...this.#reached(), ...this.#send()];
  }

  /** Writes may go on: nothing in NATS is missing here. */
  #open(): void {
    this.#gate = { kind: 'open' };
    this.#behind = false;
  }

  /** What follows from the epoch's GENESIS being in the stream. */
  #reached(): Effects {
    if (this.#ackedSeq === 0) return [];
    const effects: ShipEffect[] = [];
    if (this.#shippedEpoch < this.#epoch) {
      this.#shippedEpoch = this.#epoch;
      effects.push({ type: 'note-shipped', epoch: this.#epoch });
    }
    if (this.#announcedEpoch >= this.#epoch) return effects;
    // A stream that holds the log from its first record on needs no snapshot to be followed.
    if (this.#base === 0) return [...effects, ...this.#announce()];
    if (this.#askedEpoch < this.#epoch) effects.push({ type: 'put-snapshot', epoch: this.#epoch });
    this.#askedEpoch = this.#epoch;
    return effects;
  }

  /** One that came before the epoch's GENESIS is not waited for: another one is asked for then. */
  #snapshotPut(epoch: number): Effects {
    const told = epoch === this.#epoch && this.#ackedSeq > 0 && this.#phase !== 'stopped';
    return told ? this.#announce() : [];
  }

  #announce(): Effects {
    if (this.#announcedEpoch >= this.#epoch) return [];
    this.#announcedEpoch = this.#epoch;
    return [{ type: 'announce', epoch: this.#epoch }];
  }

  #send(): Effects {
    const effects: ShipEffect[] = [];
    const { pipelineMax } = this.#settings;
    while (this.#sentSeq < this.#headSeq && this.#sentSeq - this.#ackedSeq < pipelineMax) {
      this.#sentSeq += 1;
      const seq = this.#sentSeq;
      effects.push({
        type: 'send',
        attempt: this.#attempt,
        epoch: this.#epoch,
        seq,
        revision: this.#base + seq,
      });
    }
    return effects;
  }

  // The end.

  #hold(detail: string): void {
    this.#gate = { kind: 'held', detail };
  }

  #stop(code: ShipStop, detail: string): Effects {
    this.#phase = 'stopped';
    this.#attempt += 1;
    this.#gate = { kind: 'refused', code, detail };
    return [{ type: 'stop', code, detail }];
  }
}

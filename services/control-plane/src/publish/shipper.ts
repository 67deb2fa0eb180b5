/**
 * Ships the log to JetStream: commit first, then the same bytes at the same
 * places, in order, each append conditional on where the stream ends. Decides
 * nothing (replica's ShipDecision does); carries out what is decided and
 * reports back.
 */
import { fail, LIMITS } from '@flagstream/protocol';
import {
  Backoff,
  formatPosition,
  type Position,
  ShipDecision,
  type ShipEffect,
  type ShipEvent,
  type ShipPhase,
  type TakeOver,
} from '@flagstream/replica';
import { type Bus, crashPoint, type Logger } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import type { Snapshots } from '../sync/snapshot.ts';
import { ShipAcks } from './ship-acks.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { lookAtStreams } from './stream-look.ts';

export interface ShipperOptions {
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Size of the stream's window, in bytes. */
  readonly streamBytesMax: number;
  /** A person said that a restored file goes on without having seen the stream. */
  readonly withoutStream: boolean;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicNow: () => number;
  /** The log took in records that were not written here: what is derived from it must be made anew. */
  readonly onFolded: () => void;
  /** Followers may be told of a new epoch from now on. */
  readonly onAnnounced: () => void;
}

export interface ShippingState {
  readonly phase: ShipPhase;
  /** Records that are committed and that NATS is not known to hold. */
  readonly pending: number;
  /** When the oldest of them was committed, in unix ms. */
  readonly oldestPendingMs: number | undefined;
}

type Effect<T extends ShipEffect['type']> = Extract<ShipEffect, { readonly type: T }>;

/** Longest wait at the end for records on their way. */
const FLUSH_MS = 2_000;
const RETRY = { baseMs: 100, capMs: 5_000 } as const;

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #decision: ShipDecision;
  readonly #snapshotWriter: SnapshotWriter;
  readonly #backoff: Backoff;
  readonly #acks = new ShipAcks();
  readonly #stops: readonly (() => void)[];
  readonly #settled: Promise<void>;
  #whenSettled: () => void = () => undefined;
  #pause: NodeJS.Timeout | undefined;
  #whenIdle: () => void = () => undefined;
  #takeOver: { resolve: (position: Position) => void; reject: (error: Error) => void } | undefined;
  /** The log grows by our own doing, not by a write. */
  #adopting = false;
  #reseeds = 0;
  #closed = false;

  constructor(options: ShipperOptions) {
    this.#options = options;
    const { log, bus } = options;
    this.#settled = new Promise((resolve) => {
      this.#whenSettled = resolve;
    });
    this.#decision = this.#makeDecision();
    this.#backoff = new Backoff(RETRY, options.random);
    this.#snapshotWriter = new SnapshotWriter({
      ...options,
      windowBytes: options.streamBytesMax,
      onPut: ({ epoch }) => this.#handle({ type: 'snapshot-put', epoch }),
    });
    const waited = setTimeout(() => this.#unreachable(), LIMITS.natsStartWaitMs);
    const look = setInterval(() => this.#handle({ type: 'look' }), LIMITS.streamLookMs);
    look.unref();
    this.#stops = [
      log.onCommit(() => this.#committed()),
      bus.onStatus(({ kind }) =>
        this.#handle({ type: kind === 'disconnected' ? 'disconnected' : 'connected' }),
      ),
      () => clearTimeout(waited),
      () => clearInterval(look),
    ];
    this.#apply();
    if (bus.connected) this.#handle({ type: 'connected' });
    else this.#unreachable();
  }

  /** Resolves once writes are taken or refused, or NATS was waited for long enough. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** Followers may be told over NATS how far this log is. */
  get announced(): boolean {
    return this.#decision.announced;
  }

  /** Epochs that were begun because NATS had lost the log, or a person had decided so. */
  get reseeds(): number {
    return this.#reseeds;
  }

  get snapshotsWritten(): number {
    return this.#snapshotWriter.written;
  }

  state(): ShippingState {
    const { phase, pending, shippedRevision } = this.#decision;
    return { phase, pending, oldestPendingMs: this.#options.log.store.wallMsAt(shippedRevision + 1) };
  }

  /** False when NATS does not hold the revision by then. */
  whenShipped(revision: number, timeoutMs: number): Promise<boolean> {
    return this.#acks.wait(revision, timeoutMs);
  }

  /**
   * Begins an epoch from this log, whatever the stream holds. Resolves with its first revision once that
   * is committed.
   * @throws FlagstreamError UNREACHABLE when NATS cannot say which epochs there are.
   */
  takeOver(by: TakeOver): Promise<Position> {
    this.#takeOver?.reject(fail('CANCELLED', 'somebody else takes over as well'));
    return new Promise((resolve, reject) => {
      this.#takeOver = { resolve, reject };
      this.#handle({ type: 'take-over', by });
    });
  }

  /** Gives what is under way a moment to arrive; the rest is shipped after the next start. */
  async close(): Promise<void> {
    await this.#flushed();
    this.#closed = true;
    clearTimeout(this.#pause);
    for (const stop of this.#stops) stop();
    this.#takeOver?.reject(fail('DRAINING', 'the control plane stops'));
    await this.#snapshotWriter.close();
  }

  #makeDecision(): ShipDecision {
    const { log, streamBytesMax, withoutStream } = this.#options;
    const { store } = log;
    const { epoch, revision } = log.head();
    return new ShipDecision(
      { pipelineMax: LIMITS.shipPipelineMax, windowBytes: streamBytesMax, withoutStream },
      {
        epoch,
        baseRevision: store.lineage().at(-1)?.baseRevision ?? 0,
        headRevision: revision,
        shippedEpoch: store.shippedEpoch(),
        announcedEpoch: store.announcedEpoch(),
        restored: store.restoredMark(),
      },
    );
  }

  #flushed(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MS);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Nothing is on its way to the stream. */
  #isIdle(): boolean {
    const { phase, pending } = this.#decision;
    return phase === 'down' || phase === 'stopped' || pending === 0;
  }

  #committed(): void {
    if (this.#adopting) return;
    crashPoint('commit-before-ship');
    this.#handle({ type: 'committed', headRevision: this.#options.log.head().revision });
  }

  #unreachable(): void {
    this.#handle({ type: 'unreachable' });
    this.#whenSettled();
  }

  #handle(event: ShipEvent): void {
    if (this.#closed) return;
    if (event.type === 'appended') this.#backoff.reset();
    const effects = this.#decision.handle(event);
    this.#apply();
    for (const effect of effects) this.#run(effect);
    if (this.#isIdle()) this.#whenIdle();
  }

  /** What follows from the decision as it stands. */
  #apply(): void {
    const { gate, announced, shippedRevision } = this.#decision;
    this.#options.log.setGate(gate);
    if (gate.kind !== 'held') this.#whenSettled();
    this.#snapshotWriter.allow(this.#decision.phase === 'shipping');
    if (announced) this.#acks.shipped(shippedRevision);
  }

  #run(effect: ShipEffect): void {
    switch (effect.type) {
      case 'inspect':
        this.#attempted(effect.attempt, this.#inspect(effect));
        return;
      case 'create-stream':
        this.#attempted(effect.attempt, this.#createStream(effect));
        return;
      case 'fold':
        this.#attempted(effect.attempt, this.#fold(effect));
        return;
      case 'send':
        this.#attempted(effect.attempt, this.#send(effect));
        return;
      case 'begin-epoch':
        this.#beginEpoch(effect);
        return;
      case 'note-shipped':
        this.#note((store) => store.noteShippedEpoch(effect.epoch));
        return;
      case 'put-snapshot':
        this.#snapshotWriter.demand();
        return;
      case 'announce':
        this.#announce(effect);
        return;
      case 'clear-restored':
        this.#note((store) => store.clearRestoredMark());
        return;
      case 'pause':
        this.#wait(effect);
        return;
      case 'stop':
        this.#stop(effect);
        return;
      case 'take-over-failed':
        this.#takeOver?.reject(fail('UNREACHABLE', `nothing was taken over: ${effect.detail}`));
        this.#takeOver = undefined;
        return;
    }
  }

  /** What goes wrong while NATS is asked is an event like any other. */
  #attempted(attempt: number, work: Promise<ShipEvent>): void {
    work
      .catch((error: unknown): ShipEvent => ({ type: 'failed', attempt, detail: messageOf(error) }))
      .then((event) => this.#handle(event))
      .catch((err: unknown) => this.#options.logger.error({ err }, 'shipping to NATS failed'));
  }

  async #inspect({ attempt }: Effect<'inspect'>): Promise<ShipEvent> {
    const { bus, log } = this.#options;
    const { epoch } = this.#decision;
    const nats = await lookAtStreams(bus, log.store, epoch);
    if (nats.own?.tail === 'ours') await this.#tendStream(epoch);
    return { type: 'inspected', attempt, nats };
  }

  /** Our stream may be of other settings. Shipping goes on with them where they cannot be changed. */
  async #tendStream(epoch: number): Promise<void> {
    const { bus, logger, streamBytesMax } = this.#options;
    try {
      await bus.ensureLogStream(epoch, streamBytesMax);
    } catch (error) {
      const detail = messageOf(error);
      logger.warn({ detail }, 'the log stream keeps settings that are not the configured ones');
    }
  }

  async #createStream({ attempt, epoch }: Effect<'create-stream'>): Promise<ShipEvent> {
    crashPoint('genesis-before-stream');
    await this.#options.bus.ensureLogStream(epoch, this.#options.streamBytesMax);
    crashPoint('stream-before-genesis');
    this.#options.logger.info({ epoch }, 'log stream created');
    return { type: 'stream-created', attempt };
  }

  /** Takes in what only NATS holds, as many records at a time as are sent at a time. */
  async #fold({ attempt, epoch, fromSeq, toSeq }: Effect<'fold'>): Promise<ShipEvent> {
    const { bus, logger } = this.#options;
    for (let seq = fromSeq; seq <= toSeq && this.#decision.phase === 'folding'; ) {
      const count = Math.min(LIMITS.shipPipelineMax, toSeq - seq + 1);
      const seqs = Array.from({ length: count }, (_, i) => seq + i);
      const records = await Promise.all(seqs.map((each) => bus.readRecord(epoch, each)));
      if (this.#closed) break;
      const detail = this.#adoptAll(records, epoch, seq);
      if (detail !== undefined) return { type: 'foreign', attempt, detail };
      seq += count;
    }
    logger.warn(
      { head: formatPosition(this.#options.log.head()) },
      'records that only NATS held were taken in',
    );
    return { type: 'folded', attempt };
  }

  /** Folds the records, says how far that went, and answers what is wrong with one that does not continue ours. */
  #adoptAll(
    records: readonly (Uint8Array | undefined)[],
    epoch: number,
    firstSeq: number,
  ): string | undefined {
    const { log, onFolded } = this.#options;
    try {
      for (const [i, bytes] of records.entries()) {
        if (bytes === undefined) throw new Error(`no record at sequence ${firstSeq + i} of epoch ${epoch}`);
        if (!this.#adopt(() => log.foldForeign(bytes)))
          return `the stream's record at sequence ${firstSeq + i} of epoch ${epoch} does not continue this log`;
      }
      return undefined;
    } finally {
      const head = log.head();
      const baseRevision = log.store.lineage().at(-1)?.baseRevision ?? 0;
      onFolded();
      this.#handle({ type: 'adopted', epoch: head.epoch, baseRevision, headRevision: head.revision });
    }
  }

  async #send({ attempt, epoch, seq, revision }: Effect<'send'>): Promise<ShipEvent> {
    const record = this.#options.log.store.recordAt(revision);
    if (record === undefined) throw new Error(`revision ${revision} is not in the log`);
    const outcome = await this.#options.bus.append(epoch, record.bytes, seq - 1);
    crashPoint('mid-ship');
    switch (outcome.kind) {
      case 'ok':
        return { type: 'appended', attempt, seq: outcome.seq };
      case 'conflict':
        return { type: 'conflicted', attempt };
      case 'unknown':
      case 'refused':
        return {
          type: 'append-failed',
          attempt,
          detail: `append of revision ${revision}: ${outcome.detail}`,
        };
    }
  }

  /** In one turn with the decision: no write comes between. */
  #beginEpoch({ attempt, epoch, reason, by }: Effect<'begin-epoch'>): void {
    const { log, logger } = this.#options;
    let begun: Position;
    try {
      begun = this.#adopt(() => log.beginEpoch(epoch, reason, by));
    } catch (error) {
      this.#attempted(attempt, Promise.reject(error));
      return;
    }
    this.#reseeds += 1;
    logger.error(
      { epoch, position: formatPosition(begun), reason, alarm: 'RESEED' },
      'a new epoch was begun',
    );
    this.#takeOver?.resolve(begun);
    this.#takeOver = undefined;
    this.#handle({ type: 'epoch-begun', attempt, epoch, baseRevision: begun.revision - 1 });
  }

  #announce({ epoch }: Effect<'announce'>): void {
    crashPoint('genesis-before-beacon');
    this.#note((store) => store.noteAnnouncedEpoch(epoch));
    this.#options.logger.info({ epoch }, 'followers are told of the epoch');
    this.#options.onAnnounced();
  }

  /** A note that the disk does not take costs the next start a comparison or a snapshot, never a record. */
  #note(write: (store: ChangeLog['store']) => void): void {
    try {
      write(this.#options.log.store);
    } catch (error) {
      this.#options.logger.warn({ detail: messageOf(error) }, 'how far shipping is could not be noted');
    }
  }

  #adopt<T>(grow: () => T): T {
    this.#adopting = true;
    try {
      return grow();
    } finally {
      this.#adopting = false;
    }
  }

  #wait({ attempt, detail }: Effect<'pause'>): void {
    this.#options.logger.warn({ detail }, 'shipping to NATS waits');
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#handle({ type: 'retry', attempt }), this.#backoff.nextMs());
    this.#pause.unref();
  }

  #stop({ code, detail }: Effect<'stop'>): void {
    const alarm = code === 'forked' ? 'FORK' : 'GAP';
    this.#options.logger.error({ alarm, detail }, 'writes are refused until a person decides; reads go on');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

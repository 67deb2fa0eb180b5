/**
 * Ships the log to JetStream: commit first, then the same bytes at the same
 * places, in order, each append conditional on where the stream ends. Decides
 * nothing (replica's ShipDecision does); carries out what is decided and
 * reports back.
 */
import { FlagstreamError, fail, LIMITS, messageOf } from '@flagstream/protocol';
import {
  Backoff,
  formatPosition,
  type Position,
  ShipDecision,
  type ShipEffect,
  type ShipEvent,
  type ShipOrder,
  type ShipPhase,
  type ShipStop,
  type TakeOver,
} from '@flagstream/replica';
import { type Bus, crashPoint, type Logger } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import type { Snapshots } from '../sync/snapshot.ts';
import { ShipAcks } from './ship-acks.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { StreamOrders } from './stream-orders.ts';
import { foldTail } from './tail-fold.ts';

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
  /** Called before writes go on after records were taken in: what is derived from the log must be made anew. */
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

const STOP_ALARMS: Readonly<Record<ShipStop, string>> = {
  forked: 'FORK',
  gap: 'GAP',
  'too-new': 'SCHEMA_TOO_NEW',
};

/** Between two looks at a NATS that refuses or does not answer. */
const RETRY = { baseMs: 100, capMs: 5_000 } as const;

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #decision: ShipDecision;
  readonly #snapshotWriter: SnapshotWriter;
  readonly #orders: StreamOrders;
  readonly #backoff: Backoff;
  readonly #acks = new ShipAcks();
  readonly #stops: readonly (() => void)[];
  readonly #settled: Promise<void>;
  #whenSettled: () => void = () => undefined;
  #pause: NodeJS.Timeout | undefined;
  #whenIdle: () => void = () => undefined;
  #takeOver: { resolve: (position: Position) => void; reject: (error: Error) => void } | undefined;
  /** The order to fold that stands. */
  #folding = 0;
  /** Records were taken in since onFolded was called. */
  #derivedIsStale = false;
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
    this.#orders = new StreamOrders(options);
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
        baseRevision: log.baseRevision,
        headRevision: revision,
        shippedEpoch: store.shippedEpoch(),
        announcedEpoch: store.announcedEpoch(),
        restored: store.restoredMark(),
        restoredOver: store.restoredOver(),
      },
    );
  }

  #flushed(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LIMITS.shipFlushMs);
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
    if (gate.kind === 'open' && this.#derivedIsStale) {
      this.#derivedIsStale = false;
      this.#options.onFolded();
    }
    this.#options.log.setGate(gate);
    if (gate.kind !== 'held') this.#whenSettled();
    this.#snapshotWriter.allow(this.#decision.phase === 'shipping');
    if (announced) this.#acks.shipped(shippedRevision);
  }

  #run(effect: ShipEffect): void {
    switch (effect.type) {
      case 'inspect':
        this.#attempted(effect.attempt, this.#orders.inspect(effect, this.#decision.epoch));
        return;
      case 'create-stream':
        this.#attempted(effect.attempt, this.#orders.createStream(effect));
        return;
      case 'fold':
        this.#attempted(effect.attempt, this.#fold(effect));
        return;
      case 'send':
        this.#attempted(effect.attempt, this.#orders.send(effect));
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

  /** Goes on only as long as this order stands: after a reconnect another one may do the same. */
  async #fold({ attempt, ...range }: ShipOrder<'fold'>): Promise<ShipEvent> {
    const { bus, logger, log } = this.#options;
    this.#folding = attempt;
    const isWanted = (): boolean =>
      !this.#closed && this.#folding === attempt && this.#decision.phase === 'folding';
    let foreign: string | undefined;
    try {
      foreign = await foldTail(bus, range, (bytes) => this.#adoptForeign(bytes), isWanted);
    } catch (error) {
      if (!(error instanceof FlagstreamError) || error.reason !== 'SCHEMA_TOO_NEW') throw error;
      return { type: 'too-new', attempt, detail: error.message };
    }
    if (foreign !== undefined) return { type: 'foreign', attempt, detail: foreign };
    logger.warn({ head: formatPosition(log.head()) }, 'records that only NATS held were taken in');
    return { type: 'folded', attempt };
  }

  #adoptForeign(bytes: Uint8Array): boolean {
    const { log } = this.#options;
    if (!this.#adopt(() => foldUnlessDamaged(log, bytes))) return false;
    this.#derivedIsStale = true;
    const { epoch, revision } = log.head();
    this.#handle({ type: 'adopted', epoch, baseRevision: log.baseRevision, headRevision: revision });
    return true;
  }

  /** In one turn with the decision: no write comes between. */
  #beginEpoch({ attempt, epoch, reason, by }: ShipOrder<'begin-epoch'>): void {
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

  #announce({ epoch }: ShipOrder<'announce'>): void {
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

  #wait({ attempt, detail }: ShipOrder<'pause'>): void {
    this.#options.logger.warn({ detail }, 'shipping to NATS waits');
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#handle({ type: 'retry', attempt }), this.#backoff.nextMs());
    this.#pause.unref();
  }

  #stop({ code, detail }: ShipOrder<'stop'>): void {
    this.#options.logger.error(
      { alarm: STOP_ALARMS[code], detail },
      'writes are refused until a person decides; reads go on',
    );
  }
}

/** A damaged record is one that somebody else wrote: reading it again would not mend it. */
function foldUnlessDamaged(log: ChangeLog, bytes: Uint8Array): boolean {
  try {
    return log.foldForeign(bytes);
  } catch (error) {
    if (error instanceof FlagstreamError && error.reason === 'LOG_CORRUPT') return false;
    throw error;
  }
}

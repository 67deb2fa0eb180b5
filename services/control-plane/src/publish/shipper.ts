/**
 * Ships the log to JetStream: commit first, then the same bytes at the same
 * places, in order, each append conditional on where the stream ends. Decides
 * nothing (ship-decision.ts does); runs what is decided and reports back.
 */
import { LIMITS } from '@flagstream/protocol';
import { Backoff, bytesEqual } from '@flagstream/replica';
import type { Bus, Logger } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import {
  ShipDecision,
  type ShipEffect,
  type ShipEvent,
  type ShipPhase,
  type StreamView,
} from './ship-decision.ts';

export interface ShipperOptions {
  readonly log: ChangeLog;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Size of the stream's window, in bytes. */
  readonly streamBytesMax: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface ShippingState {
  readonly phase: ShipPhase;
  /** Records that are committed and not known to be in the stream. */
  readonly pending: number;
  /** When the oldest of them was committed, in unix ms. */
  readonly oldestPendingMs: number | undefined;
}

/** Longest wait at the end for records on their way. */
const FLUSH_MS = 2_000;
const RETRY = { baseMs: 100, capMs: 5_000 } as const;

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #epoch: number;
  readonly #base: number;
  readonly #decision: ShipDecision;
  readonly #backoff: Backoff;
  readonly #stops: readonly (() => void)[];
  #pause: NodeJS.Timeout | undefined;
  #whenIdle: () => void = () => undefined;
  #closed = false;

  constructor(options: ShipperOptions) {
    this.#options = options;
    const { log, bus } = options;
    this.#epoch = log.head().epoch;
    this.#base = log.store.lineage().at(-1)?.baseRevision ?? 0;
    this.#decision = new ShipDecision({ headSeq: this.#headSeq(), pipelineMax: LIMITS.shipPipelineMax });
    this.#backoff = new Backoff(RETRY, options.random);
    this.#stops = [
      log.onCommit(() => this.#handle({ type: 'committed', headSeq: this.#headSeq() })),
      bus.onStatus(({ kind }) =>
        this.#handle({ type: kind === 'disconnected' ? 'disconnected' : 'connected' }),
      ),
    ];
    if (bus.connected) this.#handle({ type: 'connected' });
  }

  state(): ShippingState {
    const { phase, pending, shippedSeq } = this.#decision;
    const oldest = this.#base + shippedSeq + 1;
    return { phase, pending, oldestPendingMs: this.#options.log.store.wallMsAt(oldest) };
  }

  /** Gives what is under way a moment to arrive; the rest is shipped after the next start. */
  async close(): Promise<void> {
    await this.#flushed();
    this.#closed = true;
    clearTimeout(this.#pause);
    for (const stop of this.#stops) stop();
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
    return this.#decision.phase !== 'shipping' || this.#decision.pending === 0;
  }

  #headSeq(): number {
    return this.#options.log.head().revision - this.#base;
  }

  #handle(event: ShipEvent): void {
    if (this.#closed) return;
    if (event.type === 'appended') this.#backoff.reset();
    for (const effect of this.#decision.handle(event)) this.#run(effect);
    if (this.#isIdle()) this.#whenIdle();
  }

  #run(effect: ShipEffect): void {
    switch (effect.type) {
      case 'inspect':
        this.#attempted(effect.attempt, this.#inspect(effect.attempt));
        return;
      case 'create-stream':
        this.#attempted(effect.attempt, this.#createStream(effect.attempt));
        return;
      case 'send':
        this.#attempted(effect.attempt, this.#send(effect.attempt, effect.seq));
        return;
      case 'pause':
        this.#options.logger.warn({ detail: effect.detail }, 'shipping to NATS waits');
        clearTimeout(this.#pause);
        this.#pause = setTimeout(
          () => this.#handle({ type: 'retry', attempt: effect.attempt }),
          this.#backoff.nextMs(),
        );
        this.#pause.unref();
        return;
      case 'forked':
        this.#fork(effect.detail);
        return;
    }
  }

  /** What goes wrong while NATS is asked is an event like any other. */
  #attempted(attempt: number, work: Promise<ShipEvent>): void {
    work
      .catch((error: unknown): ShipEvent => {
        const detail = error instanceof Error ? error.message : String(error);
        return { type: 'inspection-failed', attempt, detail };
      })
      .then((event) => this.#handle(event))
      .catch((error: unknown) => {
        this.#options.logger.error({ err: error }, 'shipping to NATS failed');
      });
  }

  async #inspect(attempt: number): Promise<ShipEvent> {
    const stream = await this.#lookAtStream();
    if (stream.kind === 'found' && stream.tail === 'ours') await this.#tendStream();
    return { type: 'inspected', attempt, stream };
  }

  /** Our stream may be of other settings. Shipping goes on with them where they cannot be changed. */
  async #tendStream(): Promise<void> {
    const { bus, logger, streamBytesMax } = this.#options;
    try {
      await bus.ensureLogStream(this.#epoch, streamBytesMax);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      logger.warn({ detail }, 'the log stream keeps settings that are not the configured ones');
    }
  }

  async #lookAtStream(): Promise<StreamView> {
    const { bus, log } = this.#options;
    const info = await bus.logStreamInfo(this.#epoch);
    if (info === undefined) return { kind: 'missing' };
    const { lastSeq } = info;
    const own = log.store.recordAt(this.#base + lastSeq);
    // An empty stream holds nothing that could be another's; one ahead of us is judged by its length.
    if (lastSeq === 0 || own === undefined) return { kind: 'found', lastSeq, tail: 'ours' };
    const bytes = await bus.readRecord(this.#epoch, lastSeq);
    if (bytes === undefined) return { kind: 'found', lastSeq, tail: 'gone' };
    return { kind: 'found', lastSeq, tail: bytesEqual(bytes, own.bytes) ? 'ours' : 'other' };
  }

  async #createStream(attempt: number): Promise<ShipEvent> {
    await this.#options.bus.ensureLogStream(this.#epoch, this.#options.streamBytesMax);
    this.#options.logger.info({ epoch: this.#epoch }, 'log stream created');
    return { type: 'retry', attempt };
  }

  async #send(attempt: number, seq: number): Promise<ShipEvent> {
    const record = this.#options.log.store.recordAt(this.#base + seq);
    if (record === undefined) throw new Error(`revision ${this.#base + seq} is not in the log`);
    const outcome = await this.#options.bus.append(this.#epoch, record.bytes, seq - 1);
    switch (outcome.kind) {
      case 'ok':
        return { type: 'appended', attempt, seq: outcome.seq };
      case 'conflict':
        return { type: 'conflicted', attempt };
      case 'unknown':
      case 'refused':
        return { type: 'append-failed', attempt, detail: `append of sequence ${seq}: ${outcome.detail}` };
    }
  }

  #fork(detail: string): void {
    const { log, logger } = this.#options;
    const why = `another writer used this log's stream (${detail}): writes are refused, reads go on`;
    log.refuseWrites(why);
    logger.error({ epoch: this.#epoch, detail, alarm: 'FORK' }, why);
  }
}

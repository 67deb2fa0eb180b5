/**
 * What the ship decision orders of the streams in NATS, carried out: each
 * answers with the event that the decision is told then, or rejects.
 */
import { messageOf } from '@flagstream/protocol';
import type { NatsView, ShipEvent, ShipOrder } from '@flagstream/replica';
import { type Bus, crashPoint, type Logger } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import { lookAtStreams } from './stream-look.ts';

export interface StreamOrdersOptions {
  readonly log: ChangeLog;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Size of the stream's window, in bytes. */
  readonly streamBytesMax: number;
}

export class StreamOrders {
  readonly #options: StreamOrdersOptions;

  constructor(options: StreamOrdersOptions) {
    this.#options = options;
  }

  /** @param epoch the one that is shipped */
  async inspect({ attempt }: ShipOrder<'inspect'>, epoch: number): Promise<ShipEvent> {
    const { bus, log } = this.#options;
    const nats = await lookAtStreams(bus, log.store, epoch);
    if (isOursToTend(nats)) await this.#tendStream(epoch);
    return { type: 'inspected', attempt, nats };
  }

  async createStream({ attempt, epoch }: ShipOrder<'create-stream'>): Promise<ShipEvent> {
    const { bus, logger, streamBytesMax } = this.#options;
    crashPoint('genesis-before-stream');
    await bus.ensureLogStream(epoch, streamBytesMax);
    crashPoint('stream-before-genesis');
    logger.info({ epoch }, 'log stream created');
    return { type: 'stream-created', attempt };
  }

  async send({ attempt, epoch, seq, revision }: ShipOrder<'send'>): Promise<ShipEvent> {
    const { bus, log } = this.#options;
    const record = log.store.recordAt(revision);
    if (record === undefined) throw new Error(`revision ${revision} is not in the log`);
    const outcome = await bus.append(epoch, record.bytes, seq - 1);
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
}

/**
 * Only a stream that holds nothing but ours, or nothing at all: a smaller window
 * would let records go that nobody else holds.
 */
function isOursToTend({ own, next }: NatsView): boolean {
  if (own === undefined || next !== undefined || own.tailSeq !== own.lastSeq) return false;
  return own.tail === 'ours' || own.lastSeq === 0;
}

/**
 * Follows one epoch's stream from a sequence: an ordered pull consumer.
 *
 * Order is checked here and not by nats.js's ordered consumer, whose reset goes
 * on in the background after close and rejects unheard when the stream is
 * missing. Any doubt (a gap, missed heartbeats, a lost connection, a consumer
 * that is gone) drops the consumer and makes a new one.
 *
 * A new consumer begins with the record that was delivered last, or with the
 * stream's last one when that comes before it: a server takes a start beyond
 * the end without an error and says nothing of a stream that was rewound or
 * made anew meanwhile. The same bytes again are not passed on; others are, and
 * the listener sees that its past is not the stream's.
 */
import { messageOf } from '@flagstream/protocol';
import { bytesEqual } from '@flagstream/replica';
import {
  AckPolicy,
  ConsumerEvents,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  nanos,
  nuid,
  ReplayPolicy,
} from 'nats';
import type { Logger } from '../log/logger.ts';
import type { Tail, TailListener, TailStatus } from './bus.ts';
import { isMissingStream } from './log-stream.ts';
import type { Link, NatsLink } from './nats-link.ts';
import { wakeablePause } from './wakeable-pause.ts';

/**
 * Messages asked for at a time. The follower sets the pace: what a stalled one
 * has not asked for stays in the server. 64 records of the largest size stay
 * below the 64 MiB at which a server cuts a slow connection.
 */
const PULL_MESSAGES = 64;
/** At least, in milliseconds: how often an idle follower asks again. */
const PULL_EXPIRES_MS = 10_000;
/**
 * An idle server says so this often, in heartbeats of the connection. nats.js
 * doubts a consumer after two that are missing, which takes two to three of
 * them: at most 2.25 heartbeats.
 */
const IDLE_HEARTBEATS = 0.75;
/** The server refuses pulls that are too short for two of its idle heartbeats. */
const IDLE_HEARTBEATS_PER_PULL = 4;
/** The server forgets a consumer that nobody pulls from. */
const INACTIVE_MS = 60_000;
/** Pause after a failure. */
const RETRY_MS = 500;

/** What makes a consumer worth dropping. */
const DOUBTS: ReadonlySet<string> = new Set([
  ConsumerEvents.HeartbeatsMissed,
  ConsumerEvents.ConsumerNotFound,
  ConsumerEvents.StreamNotFound,
  ConsumerEvents.ConsumerDeleted,
  ConsumerEvents.NoResponders,
]);

export interface LogTailOptions {
  readonly link: NatsLink;
  readonly stream: string;
  readonly startSeq: number;
  readonly listener: TailListener;
  readonly logger: Logger;
}

export class LogTail implements Tail {
  readonly #options: LogTailOptions;
  readonly #running: Promise<void>;
  readonly #stopListening: () => void;
  /** Where the next consumer begins. */
  #startSeq: number;
  /** Delivered last. */
  #last: { readonly seq: number; readonly bytes: Uint8Array } | undefined;
  #closed = false;
  #messages: ConsumerMessages | undefined;
  #status: TailStatus['kind'] | undefined;
  /** Ends the current pause or the current consumer. */
  #wake: () => void = () => undefined;

  constructor(options: LogTailOptions) {
    this.#options = options;
    this.#startSeq = options.startSeq;
    this.#stopListening = options.link.onStatus(({ kind, detail }) => {
      if (kind === 'disconnected') this.#tell({ kind: 'down', detail });
      this.#wake();
    });
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    // The caller gets its tail before the first status.
    await Promise.resolve();
    while (!this.#closed) {
      const link = this.#options.link.current;
      if (link === undefined) {
        this.#tell({ kind: 'down', detail: 'NATS is not connected' });
        await this.#pause(undefined);
        continue;
      }
      try {
        await this.#consume(link);
      } catch (error) {
        const detail = messageOf(error);
        this.#tell({ kind: isMissingStream(error) ? 'missing-stream' : 'down', detail });
        if (!this.#closed) await this.#pause(RETRY_MS);
      }
    }
  }

  /** One consumer's life. Resolves when it should be replaced. */
  async #consume({ js, jsm }: Link): Promise<void> {
    const { stream, link } = this.#options;
    const { state } = await jsm.streams.info(stream);
    const startSeq = Math.max(1, Math.min(this.#startSeq, state.last_seq));
    const info = await jsm.consumers.add(stream, {
      name: `tail_${nuid.next()}`,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: startSeq,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    if (this.#closed) return;
    let delivered = 0;
    let current = true;
    const drop = (): void => {
      current = false;
      this.#messages?.close().catch((err: unknown) => this.#logFailure(err, 'closing a consumer'));
    };
    const idleMs = link.heartbeatMs * IDLE_HEARTBEATS;
    const messages = await js.consumers.getPullConsumerFor(info).consume({
      max_messages: PULL_MESSAGES,
      expires: Math.max(PULL_EXPIRES_MS, idleMs * IDLE_HEARTBEATS_PER_PULL),
      idle_heartbeat: idleMs,
      abort_on_missing_resource: true,
      callback: (message) => {
        if (!current || this.#closed) return;
        delivered += 1;
        if (message.info.deliverySequence === delivered) this.#deliver(message);
        else drop();
      },
    });
    this.#messages = messages;
    this.#wake = drop;
    this.#watch(messages, drop);
    if (!current || this.#closed || link.current === undefined) drop();
    else this.#tell({ kind: 'live', detail: `${stream} from ${startSeq}` });
    const reason = await messages.closed();
    this.#wake = () => undefined;
    this.#messages = undefined;
    if (reason instanceof Error) this.#options.logger.debug({ detail: reason.message }, 'log consumer ended');
    // While the connection is down the server drops the consumer by itself.
    if (link.current !== undefined) this.#forget(jsm.consumers.delete(info.stream_name, info.name));
  }

  #deliver({ seq, data }: JsMsg): void {
    const last = this.#last;
    if (last !== undefined && last.seq === seq && bytesEqual(last.bytes, data)) return;
    // A copy: the message is a slice of a much larger read buffer that would stay alive with it.
    const bytes = new Uint8Array(data);
    this.#last = { seq, bytes };
    this.#startSeq = seq;
    this.#options.listener.record(seq, bytes);
  }

  #watch(messages: ConsumerMessages, drop: () => void): void {
    const watch = async (): Promise<void> => {
      for await (const { type } of await messages.status()) if (DOUBTS.has(type)) drop();
    };
    watch().catch((err: unknown) => this.#logFailure(err, 'watching a consumer'));
  }

  /** The consumer may be gone already, which is what is wanted. */
  #forget(deletion: Promise<boolean>): void {
    deletion.catch((err: unknown) => this.#logFailure(err, 'deleting a consumer'));
  }

  #logFailure(err: unknown, what: string): void {
    this.#options.logger.debug({ detail: messageOf(err), stream: this.#options.stream }, `${what} failed`);
  }

  #tell(status: TailStatus): void {
    if (this.#closed || this.#status === status.kind) return;
    this.#status = status.kind;
    this.#options.listener.status(status);
  }

  /** Until woken, or for a time. */
  #pause(ms: number | undefined): Promise<void> {
    const { over, wake } = wakeablePause(ms);
    this.#wake = wake;
    return over;
  }
}

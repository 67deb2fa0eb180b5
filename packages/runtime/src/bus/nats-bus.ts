/**
 * Bus over nats. See bus.ts for what holds true.
 */
import {
  fail,
  headRequestSubject,
  headSubject,
  LIMITS,
  logStreamName,
  logSubject,
  messageOf,
  NATS_PREFIX_PATTERN,
  reportSubject,
  reportSubjectWildcard,
  snapshotBucketName,
} from '@flagstream/protocol';
import type { Position, Snapshot } from '@flagstream/replica';
import { ErrorCode, type Msg, NatsError } from 'nats';
import type { Logger } from '../log/logger.ts';
import { type AppendFailure, appendFailure } from './append-outcome.ts';
import type { AppendOutcome, Bus, BusStatus, LogStreamInfo, Tail, TailListener } from './bus.ts';
import { ensureStream, logStreamConfig, streamEpochs, unlessMissing } from './log-stream.ts';
import { LogTail } from './log-tail.ts';
import { type Link, NatsLink, type NatsLinkOptions } from './nats-link.ts';
import { ObjectBucket } from './object-bucket.ts';
import { reportServer } from './server-report.ts';
import { fetchSnapshot, holdsSnapshot, putSnapshot } from './snapshot-store.ts';
import { StandingSubscription } from './standing-subscription.ts';

export interface BusOptions extends Pick<NatsLinkOptions, 'credentials'> {
  /** `nats://host:port`, several separated by commas. */
  readonly url: string;
  /** [a-z0-9-]: what all subjects and streams begin with. */
  readonly prefix: string;
  /** Names the connection: "evaluator node-1". */
  readonly name: string;
  readonly logger: Logger;
  readonly inboxPrefix?: string;
  /** Longest wait for an answer of the server, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
  /** A connection over which nothing comes is given up within 2.5 of these, in milliseconds. Default 1,000. */
  readonly heartbeatMs?: number;
}

/**
 * Resolves after the first attempt to connect, also when it failed: the bus
 * goes on trying in the background, for ever.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  if (!NATS_PREFIX_PATTERN.test(options.prefix)) {
    throw fail('CONFIG_INVALID', `nats.prefix "${options.prefix}" must consist of a-z, 0-9 and "-"`);
  }
  const timeoutMs = options.timeoutMs ?? LIMITS.natsAnswerMs;
  const link = new NatsLink({ ...options, timeoutMs });
  const bus = new NatsBus(link, options, timeoutMs);
  await link.open();
  return bus;
}

class NatsBus implements Bus {
  readonly #link: NatsLink;
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #tails = new Set<LogTail>();
  readonly #subscriptions = new Set<StandingSubscription>();

  constructor(link: NatsLink, { prefix, logger }: BusOptions, timeoutMs: number) {
    this.#link = link;
    this.#prefix = prefix;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    link.onStatus(() => {
      const { current, serverVersion } = link;
      if (current !== undefined) void reportServer(current, serverVersion, prefix, logger);
    });
  }

  get serverVersion(): string {
    return this.#link.serverVersion;
  }

  get connected(): boolean {
    return this.#link.current !== undefined;
  }

  async ensureLogStream(epoch: number, maxBytes: number): Promise<void> {
    const { jsm } = this.#required();
    const changed = await ensureStream(jsm, logStreamConfig(this.#prefix, epoch, maxBytes));
    if (changed.length > 0)
      this.#logger.warn({ epoch, settings: changed }, 'settings of the log stream were brought in line');
  }

  async logStreamInfo(epoch: number): Promise<LogStreamInfo | undefined> {
    const { jsm } = this.#required();
    const info = await unlessMissing(jsm.streams.info(logStreamName(this.#prefix, epoch)));
    if (info === undefined) return undefined;
    const { first_seq, last_seq, bytes } = info.state;
    return { firstSeq: first_seq, lastSeq: last_seq, bytes };
  }

  async epochs(): Promise<number[]> {
    return await streamEpochs(this.#required().jsm, this.#prefix);
  }

  append(epoch: number, bytes: Uint8Array, expectedLastSeq: number): Promise<AppendOutcome> {
    const link = this.#link.current;
    if (link === undefined) return Promise.resolve({ kind: 'unknown', detail: 'NATS is not connected' });
    const streamName = logStreamName(this.#prefix, epoch);
    const options = { expect: { streamName, lastSequence: expectedLastSeq }, retries: 1 };
    return link.js.publish(logSubject(this.#prefix, epoch), bytes, options).then(
      (ack): AppendOutcome => ({ kind: 'ok', seq: ack.seq }),
      (error: unknown) => this.#completeFailure(epoch, appendFailure(error)),
    );
  }

  async readRecord(epoch: number, seq: number): Promise<Uint8Array | undefined> {
    const { jsm } = this.#required();
    const stored = await unlessMissing(jsm.streams.getMessage(logStreamName(this.#prefix, epoch), { seq }));
    return stored?.data;
  }

  tail(epoch: number, startSeq: number, listener: TailListener): Tail {
    const tail = new LogTail({
      link: this.#link,
      stream: logStreamName(this.#prefix, epoch),
      startSeq,
      listener,
      logger: this.#logger,
    });
    this.#tails.add(tail);
    return {
      close: async () => {
        this.#tails.delete(tail);
        await tail.close();
      },
    };
  }

  publishHead(bytes: Uint8Array): void {
    this.#link.current?.nc.publish(headSubject(this.#prefix), bytes);
  }

  onHead(listener: (bytes: Uint8Array) => void): () => void {
    return this.#hear(headSubject(this.#prefix), ({ data }) => listener(data));
  }

  answerHeads(answer: () => Uint8Array | undefined): () => void {
    return this.#subscribe(headRequestSubject(this.#prefix), (request) => {
      const head = answer();
      if (head !== undefined) request.respond(head);
    });
  }

  async askHead(): Promise<Uint8Array> {
    const { nc } = this.#required();
    try {
      const reply = await nc.request(headRequestSubject(this.#prefix), undefined, {
        timeout: this.#timeoutMs,
      });
      return new Uint8Array(reply.data);
    } catch (error) {
      const silent = error instanceof NatsError && error.code === ErrorCode.Timeout;
      const detail = `no control plane answers over NATS: ${messageOf(error)}`;
      throw fail(silent ? 'TIMEOUT' : 'UNREACHABLE', detail, { cause: error });
    }
  }

  publishReport(nodeId: string, bytes: Uint8Array): void {
    this.#required().nc.publish(reportSubject(this.#prefix, nodeId), bytes);
  }

  onReport(listener: (subject: string, bytes: Uint8Array) => void): () => void {
    return this.#hear(reportSubjectWildcard(this.#prefix), ({ subject, data }) => listener(subject, data));
  }

  async putSnapshot(snapshot: Snapshot): Promise<void> {
    await putSnapshot(this.#snapshots(), snapshot);
  }

  async holdsSnapshot(position: Position): Promise<boolean> {
    return await holdsSnapshot(this.#snapshots(), position);
  }

  async fetchSnapshot(): Promise<Snapshot | undefined> {
    return await fetchSnapshot(this.#snapshots(), this.#logger);
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#link.onStatus(listener);
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.stop();
    this.#subscriptions.clear();
    // Consumers first: nats.js complains at length about those that outlive their connection.
    await Promise.all([...this.#tails].map((tail) => tail.close()));
    this.#tails.clear();
    await this.#link.close();
  }

  /**
   * What is told is told without a subject for answers; JetStream delivers with one. Whoever may make consumers could
   * have it deliver records to any subject, which they may not publish, and some of those read like a head.
   */
  #hear(subject: string, told: (message: { subject: string; data: Uint8Array }) => void): () => void {
    return this.#subscribe(subject, (message) => {
      if (!message.reply) told({ subject: message.subject, data: new Uint8Array(message.data) });
    });
  }

  #subscribe(subject: string, message: (message: Msg) => void): () => void {
    const subscription = new StandingSubscription({
      link: this.#link,
      subject,
      message,
      failed: ({ message: detail }) =>
        this.#logger.warn({ subject, detail }, 'a NATS subject cannot be heard'),
    });
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      subscription.stop();
    };
  }

  /** @throws FlagstreamError UNREACHABLE while NATS is away */
  #snapshots(): ObjectBucket {
    return new ObjectBucket(this.#required(), snapshotBucketName(this.#prefix));
  }

  async #completeFailure(epoch: number, failure: AppendFailure): Promise<AppendOutcome> {
    if (failure.kind !== 'conflict') return failure;
    if (failure.lastSeq !== undefined) return { kind: 'conflict', lastSeq: failure.lastSeq };
    try {
      const info = await this.logStreamInfo(epoch);
      return { kind: 'conflict', lastSeq: info?.lastSeq ?? 0 };
    } catch (error) {
      return {
        kind: 'unknown',
        detail: `conflict, but the end of the stream is not known: ${messageOf(error)}`,
      };
    }
  }

  /** @throws FlagstreamError UNREACHABLE while NATS is away */
  #required(): Link {
    const link = this.#link.current;
    if (link === undefined) throw fail('UNREACHABLE', 'NATS is not connected');
    return link;
  }
}

/**
 * A NATS server with JetStream, as far as Flagstream sees one: a stream for
 * each epoch, a bucket of snapshots, head beacons passed on to who listens. It
 * keeps what it acknowledged only as long as nothing happens to it.
 */
import type { HeadBeacon, Snapshot } from '@flagstream/replica';
import { Process } from '../world/process.ts';
import { keyOf } from '../world/record-memory.ts';
import type { World } from '../world/world.ts';
import { NatsStream } from './nats-stream.ts';

/** Snapshots that the bucket keeps. */
const SNAPSHOTS_KEPT = 2;

/** Delivers an epoch's records to one follower, each when it is there. */
export interface Consumer {
  readonly epoch: number;
  nextSeq: number;
  deliver(seq: number, bytes: Uint8Array): void;
}

export interface NatsCopy {
  readonly streams: ReadonlyMap<number, NatsStream>;
  readonly snapshots: readonly Snapshot[];
}

export class SimNats extends Process {
  readonly windowBytes: number;
  #streams = new Map<number, NatsStream>();
  #snapshots: Snapshot[] = [];
  /** Every record that was ever in a stream, whatever became of it. */
  readonly #taken = new Set<string>();
  readonly #consumers = new Set<Consumer>();
  readonly #hearers = new Set<(beacon: HeadBeacon) => void>();

  constructor(world: World, windowBytes: number) {
    super(world, 'nats');
    this.windowBytes = windowBytes;
  }

  epochs(): readonly number[] {
    return [...this.#streams.keys()].sort((a, b) => a - b);
  }

  stream(epoch: number): NatsStream | undefined {
    return this.#streams.get(epoch);
  }

  ensureStream(epoch: number): void {
    if (!this.#streams.has(epoch))
      this.#streams.set(epoch, new NatsStream(epoch, this.windowBytes, this.#taken));
  }

  /** Whether a stream ever had this record. */
  hasTaken(record: Uint8Array): boolean {
    return this.#taken.has(keyOf(record));
  }

  /** @returns where the stream ends now; undefined when there is none */
  append(
    epoch: number,
    bytes: Uint8Array,
    expectedLastSeq: number,
  ): ReturnType<NatsStream['append']> | undefined {
    const outcome = this.#streams.get(epoch)?.append(bytes, expectedLastSeq);
    if (outcome?.kind === 'ok') this.feed();
    return outcome;
  }

  /** Adds a consumer; one that starts beyond the end gets whatever comes next, as JetStream does it. */
  consume(consumer: Consumer): () => void {
    this.#consumers.add(consumer);
    this.feed();
    return () => this.#consumers.delete(consumer);
  }

  hear(hearer: (beacon: HeadBeacon) => void): () => void {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  publishHead(beacon: HeadBeacon): void {
    for (const hearer of this.#hearers) hearer(beacon);
  }

  putSnapshot(snapshot: Snapshot): void {
    this.#snapshots.push(snapshot);
    this.#snapshots = this.#snapshots.slice(-SNAPSHOTS_KEPT);
  }

  newestSnapshot(): Snapshot | undefined {
    return this.#snapshots.at(-1);
  }

  copy(): NatsCopy {
    const streams = new Map([...this.#streams].map(([epoch, stream]) => [epoch, stream.copy()]));
    return { streams, snapshots: [...this.#snapshots] };
  }

  /** The store is another one: an older copy, or none at all. */
  restore(copy: NatsCopy | undefined): void {
    this.#streams = new Map([...(copy?.streams ?? [])].map(([epoch, stream]) => [epoch, stream.copy()]));
    this.#snapshots = [...(copy?.snapshots ?? [])];
  }

  deleteStream(epoch: number): void {
    this.#streams.delete(epoch);
  }

  /** Gives consumers what they have not had. */
  feed(): void {
    for (const consumer of this.#consumers) {
      const stream = this.#streams.get(consumer.epoch);
      if (stream === undefined) continue;
      if (consumer.nextSeq < stream.firstSeq) consumer.nextSeq = stream.firstSeq;
      for (; consumer.nextSeq <= stream.lastSeq; consumer.nextSeq++)
        consumer.deliver(consumer.nextSeq, stream.read(consumer.nextSeq)!);
      // The sequence went backwards under a consumer: it gets the next new record, whatever its place.
      if (consumer.nextSeq > stream.lastSeq + 1) consumer.nextSeq = stream.lastSeq + 1;
    }
  }

  protected started(): void {
    this.#consumers.clear();
    this.#hearers.clear();
  }

  protected crashed(): void {
    this.#consumers.clear();
    this.#hearers.clear();
  }
}

/**
 * Runs what production's ShipDecision and SnapshotSchedule decide, against the
 * simulated NATS. It decides nothing itself.
 */
import { LIMITS } from '@flagstream/protocol';
import {
  Backoff,
  bytesEqual,
  type Codec,
  type NatsView,
  nextStream,
  ShipDecision,
  type ShipEffect,
  type ShipEvent,
  type Snapshot,
  type SnapshotEvent,
  SnapshotSchedule,
} from '@flagstream/replica';
import type { ChangeLog } from '../../../services/control-plane/src/log/change-log.ts';
import type { Transitions } from '../coverage/transitions.ts';
import type { Process } from '../world/process.ts';
import type { NatsClient } from './nats-client.ts';
import type { NatsStream } from './nats-stream.ts';
import type { SimNats } from './sim-nats.ts';

const RETRY = { baseMs: 100, capMs: 5_000 } as const;
const UNREACHABLE_MS = 3_000;
const LOOK_MS = 2_500;
const SNAPSHOTS = { revisions: 40, bytes: 6_000, delayMs: 10_000, retryMs: 1_000 } as const;
const TICK_MS = 1_000;

export interface ShipParts {
  readonly process: Process;
  readonly log: ChangeLog;
  readonly nats: NatsClient;
  readonly codec: Codec;
  readonly windowBytes: number;
  readonly transitions: Transitions;
  snapshot(): Snapshot;
  withoutStream: boolean;
  /** The log counts as shipped up to this record. */
  shipped(record: Uint8Array): void;
  /** An epoch was begun: by a person or not, and over what. */
  epochBegun(begun: { readonly byPerson: boolean; readonly foreign: boolean }): void;
}

export class ShipDriver {
  readonly #parts: ShipParts;
  readonly #decision: ShipDecision;
  readonly #schedule: SnapshotSchedule;
  readonly #backoff: Backoff;
  #head: number;
  /** What is folded from the stream is no write of ours. */
  #adopting = false;
  /** At the last look NATS held what another writer must have written. */
  #foreign = false;
  #wrote = false;
  #snapshotDemanded = 0;
  #shipped = 0;

  constructor(parts: ShipParts) {
    this.#parts = parts;
    const { process, log, windowBytes, transitions, withoutStream } = parts;
    const { store } = log;
    const { epoch, revision } = store.head();
    this.#head = revision;
    this.#decision = transitions.ship(
      new ShipDecision(
        { pipelineMax: LIMITS.shipPipelineMax, windowBytes, withoutStream },
        {
          epoch,
          baseRevision: store.lineage().at(-1)?.baseRevision ?? 0,
          headRevision: revision,
          shippedEpoch: store.shippedEpoch(),
          announcedEpoch: store.announcedEpoch(),
          restored: store.restoredMark(),
          restoredOver: store.restoredOver(),
        },
      ),
    );
    this.#schedule = new SnapshotSchedule(SNAPSHOTS, revision, process.nowMs());
    this.#backoff = new Backoff(RETRY, process.world.random.next);
    log.setGate(this.#decision.gate);
    log.onCommit(() => this.#committed());
    process.after(UNREACHABLE_MS, () => {
      if (!parts.nats.connected) this.handle({ type: 'unreachable' });
    });
    process.every(LOOK_MS, () => this.handle({ type: 'look' }));
    process.every(TICK_MS, () => this.#plan({ type: 'tick' }));
  }

  get decision(): ShipDecision {
    return this.#decision;
  }

  handle(event: ShipEvent): void {
    if (event.type === 'appended') this.#backoff.reset();
    const effects = this.#decision.handle(event);
    this.#parts.log.setGate(this.#decision.gate);
    this.#tellShipped();
    this.#plan({ type: 'possible', possible: this.#decision.phase === 'shipping' });
    for (const effect of effects) this.#run(effect);
  }

  /** The base of an epoch is held by a snapshot. */
  #tellShipped(): void {
    const { shippedRevision } = this.#decision;
    const { store } = this.#parts.log;
    const base = store.lineage().at(-1)?.baseRevision ?? 0;
    if (shippedRevision > Math.max(this.#shipped, base))
      this.#parts.shipped(store.recordAt(shippedRevision)!.bytes);
    this.#shipped = shippedRevision;
  }

  #committed(): void {
    const { store } = this.#parts.log;
    const { revision } = store.head();
    this.#plan({ type: 'grown', revisions: revision - this.#head, bytes: store.bytesAfter(this.#head) });
    this.#head = revision;
    if (this.#adopting) return;
    this.#wrote = true;
    this.handle({ type: 'committed', headRevision: revision });
  }

  #run(effect: ShipEffect): void {
    const { log, process } = this.#parts;
    switch (effect.type) {
      case 'inspect':
        this.#ask(
          effect.attempt,
          (nats) => this.#look(nats),
          (nats) => ({ type: 'inspected', attempt: effect.attempt, nats }),
        );
        return;
      case 'create-stream':
        this.#ask(
          effect.attempt,
          (nats) => nats.ensureStream(effect.epoch) ?? true,
          () => ({ type: 'stream-created', attempt: effect.attempt }),
        );
        return;
      case 'fold':
        this.#fold(effect);
        return;
      case 'begin-epoch': {
        process.say(`RESEED with epoch ${effect.epoch}: ${effect.reason}`);
        this.#adopting = true;
        this.#parts.epochBegun({ byPerson: effect.by !== undefined, foreign: this.#foreign });
        this.#wrote = true;
        const { revision } = log.beginEpoch(effect.epoch, effect.reason, effect.by);
        this.#adopting = false;
        this.handle({
          type: 'epoch-begun',
          attempt: effect.attempt,
          epoch: effect.epoch,
          baseRevision: revision - 1,
        });
        return;
      }
      case 'send':
        this.#send(effect);
        return;
      case 'note-shipped':
        log.store.noteShippedEpoch(effect.epoch);
        return;
      case 'put-snapshot':
        this.#snapshotDemanded = effect.epoch;
        this.#plan({ type: 'demanded' });
        return;
      case 'announce':
        log.store.noteAnnouncedEpoch(effect.epoch);
        return;
      case 'pause':
        process.after(this.#backoff.nextMs(), () => this.handle({ type: 'retry', attempt: effect.attempt }));
        return;
      case 'stop':
        process.say(`STOPS (${effect.code}): ${effect.detail}`);
        return;
      case 'take-over-failed':
        process.say(`cannot be taken over: ${effect.detail}`);
        return;
    }
  }

  #ask<A>(attempt: number, serve: (nats: SimNats) => A, event: (answer: A) => ShipEvent): void {
    this.#parts.nats.request(serve, (answer) =>
      this.handle(answer === undefined ? { type: 'failed', attempt, detail: 'no answer' } : event(answer)),
    );
  }

  #look(nats: SimNats): NatsView {
    const { store } = this.#parts.log;
    const { epoch } = this.#decision;
    const base = store.lineage().at(-1)!.baseRevision;
    const headSeq = store.head().revision - base;
    const epochs = nats.epochs();
    const own = nats.stream(epoch);
    const next = nextStream(epochs.filter((one) => one > epoch).map((one) => nats.stream(one)!));
    const compared = own === undefined ? undefined : this.#compare(own, base, headSeq);
    const isLonger = (own?.lastSeq ?? 0) > headSeq;
    this.#foreign = compared?.tail === 'other' || (this.#wrote && (isLonger || next !== undefined));
    return {
      epochs,
      own: compared,
      next:
        next === undefined
          ? undefined
          : {
              epoch: next.epoch,
              firstSeq: next.firstSeq,
              lastSeq: next.lastSeq,
              baseRevision: this.#baseOf(next),
            },
      missingBytes: store.bytesAfter(base + Math.min(own?.lastSeq ?? 0, headSeq)),
    };
  }

  #compare(stream: NatsStream, base: number, headSeq: number): NonNullable<NatsView['own']> {
    const { firstSeq, lastSeq } = stream;
    const tailSeq = Math.min(lastSeq, headSeq);
    const theirs = stream.read(tailSeq);
    const ours = this.#parts.log.store.recordAt(base + tailSeq);
    const tail =
      theirs === undefined || ours === undefined ? 'gone' : bytesEqual(theirs, ours.bytes) ? 'ours' : 'other';
    return { firstSeq, lastSeq, tailSeq, tail };
  }

  #baseOf(stream: NatsStream): number | undefined {
    const first = stream.read(stream.firstSeq);
    return first === undefined ? undefined : this.#parts.codec.decodeRecord(first).revision - stream.firstSeq;
  }

  #fold({ attempt, epoch, fromSeq, toSeq }: ShipEffect & { type: 'fold' }): void {
    this.#parts.nats.request(
      (nats) => {
        const stream = nats.stream(epoch);
        return Array.from({ length: toSeq - fromSeq + 1 }, (_, i) => stream?.read(fromSeq + i));
      },
      (records) => {
        if (records === undefined) return this.handle({ type: 'failed', attempt, detail: 'no answer' });
        this.#adopt(attempt, records);
      },
    );
  }

  #adopt(attempt: number, records: readonly (Uint8Array | undefined)[]): void {
    const { log, process } = this.#parts;
    const before = log.head().revision;
    let outcome: ShipEvent = { type: 'folded', attempt };
    this.#adopting = true;
    try {
      for (const bytes of records) {
        if (bytes === undefined) throw new Error('a record is gone');
        if (log.foldForeign(bytes)) continue;
        outcome = { type: 'foreign', attempt, detail: 'a record does not continue this log' };
        break;
      }
    } catch (error) {
      outcome = { type: 'failed', attempt, detail: String(error) };
    }
    this.#adopting = false;
    const head = log.head();
    process.say(`folds ${head.revision - before} records that only NATS held`);
    const { baseRevision } = log.store.lineage().at(-1)!;
    if (head.revision > before)
      this.handle({ type: 'adopted', epoch: head.epoch, baseRevision, headRevision: head.revision });
    this.handle(outcome);
  }

  #send({ attempt, epoch, seq, revision }: ShipEffect & { type: 'send' }): void {
    const { bytes } = this.#parts.log.store.recordAt(revision)!;
    this.#parts.nats.request(
      (nats) => nats.append(epoch, bytes, seq - 1) ?? { kind: 'missing' as const, seq: 0 },
      (outcome) => {
        if (outcome?.kind === 'ok') this.handle({ type: 'appended', attempt, seq: outcome.seq });
        else if (outcome?.kind === 'conflict') this.handle({ type: 'conflicted', attempt });
        else this.handle({ type: 'append-failed', attempt, detail: outcome?.kind ?? 'no answer' });
      },
    );
  }

  #plan(event: SnapshotEvent): void {
    const { process, nats } = this.#parts;
    if (!this.#schedule.handle(event, process.nowMs())) return;
    const snapshot = this.#parts.snapshot();
    const { epoch } = snapshot.position;
    nats.request(
      (server) => {
        server.putSnapshot(snapshot);
        return true;
      },
      (done) => {
        this.#plan({ type: done === undefined ? 'put-failed' : 'put' });
        if (done !== undefined && epoch === this.#snapshotDemanded)
          this.handle({ type: 'snapshot-put', epoch });
      },
    );
  }
}

/** A log in memory, written and shipped as the control plane would. */
import { encodeHeadBeacon, recordCodec } from '@flagstream/protocol';
import {
  type EpochBase,
  genesisFields,
  type HeadBeacon,
  LOG_ID,
  type LogRecord,
  ORIGIN,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
} from '@flagstream/replica';
import type { Bus } from './bus.ts';

const ACTOR = { id: 'test', kind: 'system' };

export class ShippedLog {
  readonly records: LogRecord[] = [];
  readonly #lineage: EpochBase[] = [];

  /** The same log up to a revision, to be continued otherwise. */
  upTo(revision: number): ShippedLog {
    const copy = new ShippedLog();
    copy.records.push(...this.records.filter((record) => record.revision <= revision));
    copy.#lineage.push(...this.#lineage.filter((base) => base.baseRevision < revision));
    return copy;
  }

  get head(): Position {
    return this.records.at(-1) ?? ORIGIN;
  }

  beginEpoch(epoch: number): void {
    const { revision, hash } = this.head;
    this.#lineage.push({ epoch, baseRevision: revision, baseHash: hash, startedMs: 1, reason: 'test' });
    this.#push(genesisFields(this.#lineage, `genesis-${epoch}`, ACTOR));
  }

  write(count: number, comment = 'a change'): void {
    for (let i = 0; i < count; i++) {
      const { epoch, revision, hash } = this.head;
      this.#push({
        format: RECORD_FORMAT,
        logId: LOG_ID,
        epoch,
        revision: revision + 1,
        prevHash: hash,
        opId: `op-${revision + 1}`,
        requestDigest: new Uint8Array(32),
        kind: 'noop',
        actor: ACTOR,
        wallMs: 1,
        comment,
        minReader: READER_VERSION,
        changes: [],
        parts: [],
      });
    }
  }

  #push(fields: Parameters<typeof recordCodec.encodeRecord>[0]): void {
    this.records.push(recordCodec.encodeRecord(fields));
  }

  /** Everything of an epoch that its stream does not have yet. */
  async ship(bus: Bus, epoch: number): Promise<void> {
    const base = this.#lineage.find((candidate) => candidate.epoch === epoch)!.baseRevision;
    const { lastSeq } = (await bus.logStreamInfo(epoch))!;
    for (const record of this.records) {
      const seq = record.revision - base;
      if (record.epoch !== epoch || seq <= lastSeq) continue;
      const outcome = await bus.append(epoch, record.bytes, seq - 1);
      if (outcome.kind !== 'ok') throw new Error(`append at ${seq}: ${JSON.stringify(outcome)}`);
    }
  }

  beacon(): HeadBeacon {
    const { epoch, revision, hash } = this.head;
    return {
      logId: LOG_ID,
      epoch,
      stream: `E${epoch}`,
      baseRevision: this.#lineage.at(-1)!.baseRevision,
      headRevision: revision,
      headHash: hash,
      stateDigest: new Uint8Array(16),
      minReader: READER_VERSION,
      controlPlaneId: 'cp',
      bootId: 'boot',
    };
  }

  announce(bus: Bus): void {
    bus.publishHead(encodeHeadBeacon(this.beacon()));
  }
}

// What a source of the log says, folded as a follower would: the chain of hashes proves order and that nothing
// is missing or changed.

import { recordCodec } from '@flagstream/protocol';
import {
  type FoldOutcome,
  type HeadBeacon,
  type LogListener,
  type LogRecord,
  type LogSource,
  LogState,
  type LogSubscription,
  type SourceStatus,
} from '@flagstream/replica';
import { hold } from '../support/resources.ts';

export class HeardLog implements LogListener {
  readonly state: LogState = new LogState(recordCodec);
  readonly outcomes: FoldOutcome['kind'][] = [];
  /** By revision, as they came first. */
  readonly bytes = new Map<number, string>();
  readonly heads: HeadBeacon[] = [];
  readonly statuses: SourceStatus['kind'][] = [];
  /** Repeats that were not the same bytes. */
  readonly changed: number[] = [];
  #words = 0;
  #subscription: LogSubscription | undefined;

  /** @param known records that this follower has already */
  constructor(known: readonly LogRecord[] = []) {
    for (const record of known) this.state.apply(record);
  }

  /** Everything that was said, of any kind. */
  get words(): number {
    return this.#words;
  }

  get revision(): number {
    return this.state.position.revision;
  }

  /** Listens to a source, from where this follower is. */
  open(source: LogSource): void {
    const subscription = source.open(this.state.position, this);
    this.#subscription = subscription;
    hold({ what: 'subscription', release: () => subscription.close(), releaseNow: () => undefined });
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  records(records: readonly Uint8Array[]): void {
    this.#words += 1;
    for (const bytes of records) {
      const record = recordCodec.decodeRecord(bytes);
      const text = Buffer.from(bytes).toString('hex');
      const before = this.bytes.get(record.revision);
      if (before === undefined) this.bytes.set(record.revision, text);
      else if (before !== text) this.changed.push(record.revision);
      this.outcomes.push(this.state.apply(record).kind);
    }
  }

  head(beacon: HeadBeacon): void {
    this.#words += 1;
    this.heads.push(beacon);
  }

  status({ kind }: SourceStatus): void {
    this.#words += 1;
    this.statuses.push(kind);
  }
}

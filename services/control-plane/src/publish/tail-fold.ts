/**
 * Takes in what only NATS still holds of the log: after a backup was put back,
 * or after a power failure took the newest commits.
 */
import { LIMITS } from '@flagstream/protocol';
import type { Bus } from '@flagstream/runtime';

export interface TailRange {
  readonly epoch: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/**
 * Reads the records, as many at a time as are shipped at a time, and passes
 * each to `adopt`, which folds it unless it does not continue the log. Ends
 * early when the range is no longer wanted. Answers what does not continue the
 * log, or undefined. Rejects when a record cannot be read.
 */
export async function foldTail(
  bus: Bus,
  { epoch, fromSeq, toSeq }: TailRange,
  adopt: (bytes: Uint8Array) => boolean,
  isWanted: () => boolean,
): Promise<string | undefined> {
  for (let seq = fromSeq; seq <= toSeq; ) {
    const count = Math.min(LIMITS.shipPipelineMax, toSeq - seq + 1);
    const seqs = Array.from({ length: count }, (_, i) => seq + i);
    const records = await Promise.all(seqs.map((each) => bus.readRecord(epoch, each)));
    for (const bytes of records) {
      if (!isWanted()) return undefined;
      const place = `sequence ${seq} of epoch ${epoch}`;
      if (bytes === undefined) throw new Error(`there is no record at ${place}`);
      if (!adopt(bytes)) return `the record at ${place} in NATS does not continue this log`;
      seq += 1;
    }
  }
  return undefined;
}

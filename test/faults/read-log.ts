// The log as it stands, read from the control plane record by record, in the form that the history checker takes:
// which operation, and to which numbers it set the flags of the workload.

import { recordCodec } from '@flagstream/protocol';
import { LogServiceClient, type WatchLogResponse } from '@flagstream/protocol/gen/flagstream/v1/log';
import { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type LogRecord } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import type { LogEntry, Place, Value } from '../history/history.ts';

const TIMEOUT_MS = 30_000;

/** A record, and the bytes that it is kept as. */
export interface StoredRecord {
  readonly record: LogRecord;
  readonly bytes: Uint8Array;
}

/** Every record up to `head`, with what it sets of the flags named. */
export async function readLog(
  grpcPort: number,
  head: Place,
  keys: readonly string[],
): Promise<readonly LogEntry[]> {
  return (await readRecords(grpcPort, head)).map(({ record }) => entryOf(record, keys));
}

/** Every record up to `head`, as the control plane has it. */
export async function readRecords(grpcPort: number, head: Place): Promise<readonly StoredRecord[]> {
  const client = new LogServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  const call = client.watchLog({ after: undefined }, { deadline: Date.now() + TIMEOUT_MS });
  const log: StoredRecord[] = [];
  try {
    for await (const message of call as AsyncIterable<WatchLogResponse>) {
      if (message.event?.$case !== 'records') continue;
      for (const bytes of message.event.value.records)
        log.push({ record: recordCodec.decodeRecord(bytes), bytes });
      if ((log.at(-1)?.record.revision ?? 0) >= head.revision) return log;
    }
  } finally {
    call.cancel();
    client.close();
  }
  throw new Error('the log ended before its head');
}

function entryOf(record: LogRecord, keys: readonly string[]): LogEntry {
  const sets: Record<string, Value> = {};
  for (const change of record.changes) {
    if (change.kind !== ENTITY_KIND.flag || change.deleted || !keys.includes(change.key)) continue;
    const value: unknown = Flag.decode(change.content).variants[0]?.value;
    if (typeof value === 'number') sets[change.key] = value;
  }
  return { epoch: record.epoch, revision: record.revision, opId: record.opId, sets };
}

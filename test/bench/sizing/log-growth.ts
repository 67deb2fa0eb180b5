// What a change adds for good: bytes in the control plane's database, and in NATS's window of the log.

import path from 'node:path';
import { logStreamName } from '@flagstream/protocol';
import Database from 'better-sqlite3';
import { connect } from 'nats';
import { LoadSite } from '../../load/load-site.ts';

const CHANGES = 3_000;
const IN_FLIGHT = 32;

export interface LogGrowth {
  readonly logBytesPerChange: number;
  readonly natsBytesPerChange: number;
}

export async function measureLogGrowth(): Promise<LogGrowth> {
  const site = await LoadSite.start({ evaluators: 0 });
  const { dataDir, nats } = site.installation;
  const connection = await connect({ servers: nats.url });
  const manager = await connection.jetstreamManager();
  const { epoch } = await site.change();
  const natsBytes = async (): Promise<number> =>
    (await manager.streams.info(logStreamName(nats.prefix, epoch))).state.bytes;
  const before = { log: databaseBytes(dataDir), nats: await natsBytes() };
  let left = CHANGES;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await site.switch();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const growth = {
    logBytesPerChange: (databaseBytes(dataDir) - before.log) / CHANGES,
    natsBytesPerChange: ((await natsBytes()) - before.nats) / CHANGES,
  };
  await connection.close();
  return growth;
}

/** What is in the write-ahead log included. */
function databaseBytes(dataDir: string): number {
  const database = new Database(path.join(dataDir, 'flagstream.db'), { readonly: true });
  try {
    const pages = database.pragma('page_count', { simple: true }) as number;
    return pages * (database.pragma('page_size', { simple: true }) as number);
  } finally {
    database.close();
  }
}

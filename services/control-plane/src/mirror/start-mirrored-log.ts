/**
 * The log of an environment whose flags come from outside, for an evaluator in the same process. It has no port and no
 * keys: nobody but the mirror writes.
 */
import { randomUUID } from 'node:crypto';
import { NATS_PREFIX_DEFAULT } from '@flagstream/protocol';
import type { HeadAuthority, LogSource, Position, SnapshotSource } from '@flagstream/replica';
import type { Lifecycle, Logger } from '@flagstream/runtime';
import { LocalLogSource } from '../publish/local-log-source.ts';
import type { SeedScope } from '../seed/seed.ts';
import { startLog } from '../start-log.ts';
import { Snapshots } from '../sync/snapshot.ts';
import { FlagMirror } from './flag-mirror.ts';

export interface MirroredLog {
  readonly logSource: LogSource;
  readonly snapshots: SnapshotSource;
  readonly heads: HeadAuthority;
  readonly mirror: FlagMirror;
  head(): Position;
}

export interface MirroredLogOptions {
  /** Folder of the SQLite file; one process at a time. */
  readonly data: string;
  /** Whose flags these are. */
  readonly scope: SeedScope;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Stops it. */
  readonly lifecycle: Lifecycle;
}

/** @throws FlagstreamError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE */
export async function startMirroredLog(options: MirroredLogOptions): Promise<MirroredLog> {
  const { data, scope, nodeId, logger, lifecycle } = options;
  const { log, store, writes, beacons } = await startLog(
    { ...scope, seed: 'none', data, nodeId, natsPrefix: NATS_PREFIX_DEFAULT },
    { bootId: randomUUID(), now: Date.now, logger, lifecycle },
  );
  return {
    logSource: new LocalLogSource(log, beacons),
    snapshots: new Snapshots(store),
    heads: beacons,
    mirror: new FlagMirror({ store, writes, scope }),
    head: () => log.head(),
  };
}

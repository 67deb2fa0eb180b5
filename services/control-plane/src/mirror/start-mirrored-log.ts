/**
 * The log of an environment whose flags come from outside, for an evaluator in the same process. It has no port and no
 * keys: nobody but the mirror writes.
 */
import { randomUUID } from 'node:crypto';
import { NATS_PREFIX_DEFAULT, recordCodec } from '@flagstream/protocol';
import type { HeadAuthority, LogSource, Position, SnapshotSource } from '@flagstream/replica';
import type { Lifecycle, Logger } from '@flagstream/runtime';
import { claimDataDir } from '../log/data-dir.ts';
import { SqliteStore } from '../log/sqlite-store.ts';
import { openLog } from '../open-log.ts';
import { HeadBeacons } from '../publish/head-beacons.ts';
import { LocalLogSource } from '../publish/local-log-source.ts';
import type { SeedScope } from '../seed/seed.ts';
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
  const dataDir = await lifecycle.start(
    'data folder',
    () => claimDataDir(data),
    (dir) => dir.release(),
  );
  const store = await lifecycle.start(
    'store',
    () => new SqliteStore(dataDir.databasePath, recordCodec),
    (opened) => opened.close(),
  );
  const { log, writes } = await lifecycle.start(
    'log',
    () => openLog({ ...scope, seed: 'none' }, store, Date.now, logger),
    ({ stop }) => stop(),
  );
  const beacons = await lifecycle.start(
    'beacons',
    () =>
      new HeadBeacons({
        log,
        natsPrefix: NATS_PREFIX_DEFAULT,
        controlPlaneId: nodeId,
        bootId: randomUUID(),
        random: Math.random,
      }),
    (started) => started.close(),
  );
  return {
    logSource: new LocalLogSource(log, beacons),
    snapshots: new Snapshots(store),
    heads: beacons,
    mirror: new FlagMirror({ store, writes, scope }),
    head: () => log.head(),
  };
}

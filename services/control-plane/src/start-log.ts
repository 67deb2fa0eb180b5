/** The log with everything that decides about writes to it, compiled, and what tells followers how far it is. */
import { randomBytes } from 'node:crypto';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import type { Lifecycle, Logger } from '@flagstream/runtime';
import { Writes } from './admin/writes.ts';
import { CompiledSets } from './commands/compiled-sets.ts';
import { Draft } from './commands/draft.ts';
import type { ControlPlaneConfig } from './config.ts';
import { ChangeLog } from './log/change-log.ts';
import { claimDataDir, type DataDir } from './log/data-dir.ts';
import { History } from './log/history.ts';
import { SqliteStore } from './log/sqlite-store.ts';
import { HeadBeacons } from './publish/head-beacons.ts';
import { seed } from './seed/seed.ts';

/** Enough that no two logs ever begin alike. */
const IDENTITY_BYTES = 32;

/** Where a log that is new begins. */
type Beginning = Pick<ControlPlaneConfig, 'seed' | 'project' | 'environment'>;

export interface StartLogConfig extends Beginning {
  /** Folder of the SQLite file; one process at a time. */
  readonly data: string;
  readonly store?: ControlPlaneConfig['store'];
  readonly nodeId: string;
  readonly natsPrefix: string;
}

export interface StartLogDeps {
  /** New at each start of the process. */
  readonly bootId: string;
  readonly now: () => number;
  readonly logger: Logger;
  /** Stops it. */
  readonly lifecycle: Lifecycle;
}

interface OpenLog {
  readonly log: ChangeLog;
  readonly history: History;
  readonly sets: CompiledSets;
  readonly writes: Writes;
  /** Compiles the stored state. */
  readonly compile: () => void;
  /** Writes what a log is given to start with, unless it is there or nothing may be written. */
  readonly seed: () => void;
  readonly stop: () => void;
}

export interface StartedLog extends Omit<OpenLog, 'stop'> {
  readonly dataDir: DataDir;
  readonly store: SqliteStore;
  readonly beacons: HeadBeacons;
}

/** @throws FlagstreamError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, SCHEMA_TOO_NEW, LOG_CORRUPT */
export async function startLog(
  config: StartLogConfig,
  { bootId, now, logger, lifecycle }: StartLogDeps,
): Promise<StartedLog> {
  const dataDir = await lifecycle.start(
    'data folder',
    () => claimDataDir(config.data),
    (dir) => dir.release(),
  );
  if (dataDir.isOpenToOthers)
    logger.warn(
      { path: dataDir.path },
      'other users may enter the data folder, and it is not ours to close: chmod 0700',
    );
  const store = await lifecycle.start(
    'store',
    () => new SqliteStore(dataDir.databasePath, recordCodec, config.store),
    (opened) => opened.close(),
  );
  if (config.store?.synchronous === 'normal')
    logger.warn('store.synchronous is "normal": a power failure may lose writes that were answered');
  const { stop: _, ...opened } = await lifecycle.start(
    'log',
    () => openLog(config, store, now, logger),
    ({ stop }) => stop(),
  );
  const beacons = await lifecycle.start(
    'beacons',
    () =>
      new HeadBeacons({
        log: opened.log,
        natsPrefix: config.natsPrefix,
        controlPlaneId: config.nodeId,
        bootId,
        random: Math.random,
      }),
    (started) => started.close(),
  );
  return { ...opened, dataDir, store, beacons };
}

function openLog(config: Beginning, store: SqliteStore, now: () => number, logger: Logger): OpenLog {
  const log = new ChangeLog({ store, codec: recordCodec, now });
  log.begin(randomBytes(IDENTITY_BYTES));
  const history = new History(store, recordCodec);
  const sets = new CompiledSets();
  const compile = (): void => {
    for (const { id, problem } of sets.load(new Draft(store)))
      logger.warn({ entity: id, problem }, 'a stored entity does not compile and is left out');
  };
  compile();
  const writes = new Writes({ log, history, sets, now, randomBytes });
  const sweep = setInterval(() => {
    if (log.writesStopped === undefined) log.removeOrphanParts();
  }, LIMITS.orphanSweepMs);
  sweep.unref();
  return {
    log,
    history,
    sets,
    writes,
    compile,
    seed: () => {
      if (config.seed !== 'none' && log.writesStopped === undefined) seed(store, writes, config.seed, config);
    },
    stop: () => clearInterval(sweep),
  };
}

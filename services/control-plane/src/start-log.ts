/** The log with everything that decides about writes to it, compiled. */
import { randomBytes } from 'node:crypto';
import { LIMITS, recordCodec } from '@flagstream/protocol';
import type { Logger } from '@flagstream/runtime';
import { Writes } from './admin/writes.ts';
import { CompiledSets } from './commands/compiled-sets.ts';
import { Draft } from './commands/draft.ts';
import type { ControlPlaneConfig } from './config.ts';
import { ChangeLog } from './log/change-log.ts';
import { History } from './log/history.ts';
import type { SqliteStore } from './log/sqlite-store.ts';
import { seed } from './seed/seed.ts';

/** Enough that no two logs ever begin alike. */
const IDENTITY_BYTES = 32;

export interface OpenLog {
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

/** @param config where a log that is new begins */
export function openLog(
  config: Pick<ControlPlaneConfig, 'seed' | 'project' | 'environment'>,
  store: SqliteStore,
  now: () => number,
  logger: Logger,
): OpenLog {
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

/** One role as this process: starts it, and stops it on a signal. */
import { hostname } from 'node:os';
import {
  type ConfigSources,
  createLogger,
  keepPausesShort,
  Lifecycle,
  stopOnSignals,
} from '@flagstream/runtime';
import type { CliSession } from '../cli-session.ts';
import { VERSION } from '../version.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import type { PreparedRole, Role } from './roles.ts';
import { STOP_TIMEOUT_MS } from './stop-timeout.ts';
import { untilEnded } from './until-ended.ts';

/**
 * Does not resolve: a signal ends the process.
 * @throws ConfigError, what the role's start throws, and why a role ended by itself
 */
export async function runRole(
  session: CliSession,
  role: Pick<Role, 'name' | 'prepare'>,
  sources: ConfigSources,
): Promise<never> {
  const link = WorkerLink.ofThisProcess();
  if (link !== undefined)
    return runPrepared(session, role, () => role.prepare(sources), link).catch((error: unknown) =>
      link.failed(error),
    );
  const prepared = role.prepare(sources);
  if (prepared.supervised === undefined) return runPrepared(session, role, () => prepared);
  const { runSupervisor } = await import('../workers/run-supervisor.ts');
  return runSupervisor(session, prepared.supervised);
}

/** @param link of one of several such processes, to their supervisor */
async function runPrepared(
  session: CliSession,
  { name }: Pick<Role, 'name'>,
  prepare: () => PreparedRole,
  link?: WorkerLink,
): Promise<never> {
  keepPausesShort();
  const prepared = prepare();
  const { log, nodeId = hostname(), insecure } = prepared;
  const logger = createLogger({ service: name, version: VERSION, nodeId, insecure, ...log });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => lifecycle.stop() });
  link?.stopWhenTold(logger, () => lifecycle.stop());
  const running = await lifecycle.start(
    name,
    () => prepared.start({ sharesPort: link !== undefined }),
    (started) => started.close(),
  );
  link?.started(running);
  return untilEnded(lifecycle, running);
}

/** One role as this process: starts it, and stops it on a signal. */
import { hostname } from 'node:os';
import { type ConfigSources, createLogger, Lifecycle, stopOnSignals } from '@flagstream/runtime';
import type { CliSession } from '../cli-session.ts';
import { VERSION } from '../version.ts';
import type { Role } from './roles.ts';
import { untilEnded } from './until-ended.ts';

/** Longer than any role takes by itself. */
const STOP_TIMEOUT_MS = 60_000;

/**
 * Does not resolve: a signal ends the process.
 * @throws ConfigError, what the role's start throws, and why a role ended by itself
 */
export async function runRole(session: CliSession, role: Role, sources: ConfigSources): Promise<never> {
  const prepared = role.prepare(sources);
  const { log, nodeId = hostname(), insecure } = prepared;
  const logger = createLogger({ service: role.name, version: VERSION, nodeId, insecure, ...log });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => lifecycle.stop() });
  const running = await lifecycle.start(
    role.name,
    () => prepared.start(),
    (started) => started.close(),
  );
  return untilEnded(lifecycle, running);
}

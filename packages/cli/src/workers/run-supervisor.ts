/** Several evaluators behind one port, as this process: supervises them, and answers for them on its management port. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import process from 'node:process';
import { type EvaluatorConfig, ofrepPortOf, syncPortOf } from '@flagstream/evaluator/config';
import {
  checkExposure,
  claimPort,
  createLogger,
  exposureOf,
  HealthState,
  Lifecycle,
  Metrics,
  openTls,
  standardOutput,
  startManagement,
  stopOnSignals,
} from '@flagstream/runtime';
import type { CliSession } from '../cli-session.ts';
import { STOP_TIMEOUT_MS } from '../roles/stop-timeout.ts';
import { untilEnded } from '../roles/until-ended.ts';
import { VERSION } from '../version.ts';
import { Supervisor } from './supervisor.ts';

/**
 * Does not resolve: a signal ends the process.
 * @throws FlagstreamError what a worker's first start fails with, PORT_IN_USE
 */
export async function runSupervisor(session: CliSession, settings: EvaluatorConfig): Promise<never> {
  const warnings = checkExposure(exposureOf(settings));
  const name = settings.nodeId ?? `${hostname()}-${randomBytes(3).toString('hex')}`;
  const output = standardOutput();
  const logger = createLogger({
    ...settings.log,
    service: 'supervisor',
    version: VERSION,
    nodeId: name,
    insecure: warnings.length > 0,
    destination: output,
  });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  const metrics = new Metrics({ process: true });
  const monotonicMs = (): number => performance.now();
  const supervisor = new Supervisor({ settings, name, logger, metrics, output, monotonicMs });
  session.takeOverSignals();
  stopOnSignals({ logger, stop: () => lifecycle.stop(), target: leavingNobody(supervisor) });
  const tls = await openTls({ settings: settings.tls, logger, metrics }, lifecycle);
  await requireFreePorts(settings);
  const health = new HealthState();
  const { host, managementPort: port } = settings;
  const { readiness } = supervisor;
  const management = await lifecycle.start(
    'management port',
    () =>
      startManagement({
        name: 'supervisor',
        host,
        port,
        health,
        metrics,
        readiness,
        logger,
        tls,
        warnings,
      }),
    (server) => server.close(),
  );
  await lifecycle.start(
    'workers',
    () => supervisor.start(),
    () => {
      health.drain();
      return supervisor.stop();
    },
  );
  passOnHangups(supervisor);
  logger.info(
    { host, workers: settings.workers, management_port: management.port },
    'the supervisor has started its workers',
  );
  return untilEnded(lifecycle, supervisor);
}

/** Workers bind them when they have a state: who else has one is to be known at once. @throws FlagstreamError PORT_IN_USE */
async function requireFreePorts(settings: EvaluatorConfig): Promise<void> {
  const shared = [
    [settings.grpcPort, 'evaluator gRPC'],
    [syncPortOf(settings), 'flagd.sync gRPC'],
    [ofrepPortOf(settings), 'evaluator OFREP'],
  ] as const;
  for (const [port, purpose] of shared) {
    const probe = createServer();
    await claimPort(probe, { host: settings.host, port }, purpose);
    await new Promise((resolve) => probe.close(resolve));
  }
}

/** This process, which ends with none of its workers left. */
function leavingNobody(supervisor: Supervisor): NonNullable<Parameters<typeof stopOnSignals>[0]['target']> {
  return {
    on: (signal, listener) => process.on(signal, listener),
    off: (signal, listener) => process.off(signal, listener),
    exit: (code) => {
      supervisor.kill();
      process.exit(code);
    },
  };
}

/** Where nobody reads files again, SIGHUP keeps its meaning. */
function passOnHangups(supervisor: Supervisor): void {
  const onHangup = (): void => {
    if (supervisor.hangUp()) return;
    process.off('SIGHUP', onHangup);
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', onHangup);
}

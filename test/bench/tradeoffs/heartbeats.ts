// What a heartbeat costs, and how soon it tells that the other side is gone.

import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@flagstream/client';
import { LIMITS } from '@flagstream/protocol';
import { Admin } from '../../support/admin.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { newPrefix, type StartedNode, startControlPlane, startEvaluator } from './nodes.ts';

const HEARTBEATS_MS = [1_000, 10_000] as const;
const CLIENTS = 500;
const IDLE_MS = 20_000;

export async function measureHeartbeats(nats: NatsServer): Promise<SuiteReport> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const controlPlane = await startControlPlane(place, tempDir('tradeoffs'));
  await new Admin(controlPlane.grpcPort).createBoolean('measured');
  const evaluator = await startEvaluator(place, controlPlane);
  const rows: Row[] = [];
  const idleUs = await cpuUsPerSecond(evaluator);
  for (const heartbeatMs of HEARTBEATS_MS) rows.push(await measure(evaluator, heartbeatMs, idleUs));
  await evaluator.process.stop();
  await controlPlane.process.stop();
  return {
    name: 'heartbeats',
    title: 'Trade-offs: heartbeats of Sync streams',
    notes: [
      `${CLIENTS} SDK clients that nothing is pushed to, for ${IDLE_MS / 1000} s; the evaluator’s CPU without any client is taken off.`,
      'A peer is dead after 2.5 heartbeats without a sign; the bound of staleness that a client can prove is as old as its last heartbeat.',
    ],
    columns: [
      { key: 'name', title: 'heartbeat' },
      { key: 'cpuUs', title: 'CPU of the evaluator, us per client and second', digits: 1 },
      { key: 'noticedMs', title: 'dead peer noticed within, ms' },
      { key: 'boundMs', title: 'staleness bound up to, ms' },
    ],
    rows,
  };
}

async function measure(evaluator: StartedNode, heartbeatMs: number, idleUs: number): Promise<Row> {
  const target = `127.0.0.1:${evaluator.grpcPort}`;
  const clients = Array.from({ length: CLIENTS }, () => createClient({ target, heartbeatMs }));
  await Promise.all(clients.map((client) => client.waitForReady(60_000)));
  const cpuUs = (await cpuUsPerSecond(evaluator)) - idleUs;
  await Promise.all(clients.map((client) => client.close()));
  return {
    name: `${heartbeatMs / 1000} s`,
    cpuUs: cpuUs / CLIENTS,
    noticedMs: heartbeatMs * LIMITS.heartbeatsMissedMax,
    boundMs: heartbeatMs,
  };
}

/** The length of the measurement is the measurement: nothing is waited for. */
async function cpuUsPerSecond(node: StartedNode): Promise<number> {
  const before = cpuNs(node.process.pid!);
  await delay(IDLE_MS);
  return (cpuNs(node.process.pid!) - before) / 1000 / (IDLE_MS / 1000);
}

// What a heartbeat costs, and how soon it tells that the other side is gone.

import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@flagstream/client';
import { Admin } from '../../support/admin.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { newPrefix, type StartedNode, startControlPlane, startEvaluator } from './nodes.ts';
import { observeClients } from './observed-clients.ts';

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
      'Noticed: from the moment on which a proxy drops all packets of 20 clients, in both directions and without an end of the connection, until a client says that it is stale.',
      'Bound: what those clients say of the age of their state before that, while all is well, looked at each 20 ms for 4 heartbeats; it counts from a moment that the client itself stamped.',
    ],
    columns: [
      { key: 'name', title: 'heartbeat' },
      { key: 'cpuUs', title: 'CPU of the evaluator, us per client and second', digits: 1 },
      { key: 'noticedP50Ms', title: 'dead peer noticed after, ms p50' },
      { key: 'noticedMaxMs', title: 'at most' },
      { key: 'boundP50Ms', title: 'staleness bound, ms p50' },
      { key: 'boundMaxMs', title: 'at most' },
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
  const observed = await observeClients(evaluator.grpcPort, heartbeatMs);
  return { name: `${heartbeatMs / 1000} s`, cpuUs: cpuUs / CLIENTS, ...observed };
}

/** The length of the measurement is the measurement: nothing is waited for. */
async function cpuUsPerSecond(node: StartedNode): Promise<number> {
  const before = cpuNs(node.process.pid!);
  await delay(IDLE_MS);
  return (cpuNs(node.process.pid!) - before) / 1000 / (IDLE_MS / 1000);
}

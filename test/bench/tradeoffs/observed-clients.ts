// SDK clients behind a proxy: how old they say that their state can be while all is well, and how soon they notice
// that packets of the other side vanish without an end of the connection.

import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type FlagstreamClient } from '@flagstream/client';
import { LIMITS } from '@flagstream/protocol';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { percentile } from '../statistics.ts';

export interface Observed {
  readonly noticedP50Ms: number;
  readonly noticedMaxMs: number;
  readonly boundP50Ms: number;
  readonly boundMaxMs: number;
}

/** As many phases of a heartbeat: the moment of the fault is soon after the last sign for some, late for others. */
const CLIENTS = 20;
const HEARTBEATS_WATCHED = 4;
const SAMPLE_MS = 20;

export async function observeClients(targetPort: number, heartbeatMs: number): Promise<Observed> {
  const proxy = await TcpProxy.start(targetPort);
  const clients: FlagstreamClient[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    clients.push(createClient({ target: proxy.address, heartbeatMs }));
    await delay(heartbeatMs / CLIENTS);
  }
  await until(() => clients.every((client) => isProven(client)), {
    what: 'bounds that count from a moment that the client stamped',
    timeoutMs: 5 * heartbeatMs + 10_000,
  });
  const boundsMs = await sampleBounds(clients, HEARTBEATS_WATCHED * heartbeatMs);
  const noticedMs = await timeToNotice(proxy, clients, heartbeatMs);
  proxy.heal();
  await Promise.all(clients.map((client) => client.close()));
  await proxy.close();
  return {
    noticedP50Ms: percentile(noticedMs, 0.5),
    noticedMaxMs: Math.max(...noticedMs),
    boundP50Ms: percentile(boundsMs, 0.5),
    boundMaxMs: boundsMs.reduce((most, ms) => Math.max(most, ms)),
  };
}

function isProven(client: FlagstreamClient): boolean {
  const { state, stalenessEstimated } = client.status();
  return state === 'live' && !stalenessEstimated;
}

/** The length of the measurement is the measurement: nothing is waited for. */
async function sampleBounds(clients: readonly FlagstreamClient[], forMs: number): Promise<number[]> {
  const samples: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    for (const client of clients) samples.push(client.status().stalenessMs);
    await delay(SAMPLE_MS);
  }
  return samples;
}

/** From the moment on which nothing passes any more, in both directions. */
async function timeToNotice(
  proxy: TcpProxy,
  clients: readonly FlagstreamClient[],
  heartbeatMs: number,
): Promise<readonly number[]> {
  const noticedMs: number[] = [];
  let droppedMs = 0;
  for (const client of clients) {
    const stop = client.on('stale', () => {
      noticedMs.push(performance.now() - droppedMs);
      stop();
    });
  }
  droppedMs = performance.now();
  proxy.set({ kind: 'drop', direction: 'both' });
  await until(() => noticedMs.length === clients.length, {
    what: 'every client to notice',
    timeoutMs: 2 * LIMITS.heartbeatsMissedMax * heartbeatMs + 10_000,
  });
  return noticedMs;
}

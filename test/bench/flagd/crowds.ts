// Crowds of flagd's clients at one server: what an idle stream keeps of its memory, and what a change to all takes.

import { until } from '../../support/until.ts';
import { BenchChild } from '../bench-child.ts';
import { percentile } from '../statistics.ts';
import type { CrowdQuestion, Opened, Received } from './crowd-host.ts';
import type { Pusher, StreamContract } from './pushers.ts';

const WARM_UP_CHANGES = 2;
const PER_SECOND = 500;
const READERS_PER_PROCESS_MAX = 9_000;
const OPEN_MAX_MS = 120_000;
const PUSH_MAX_MS = 60_000;
const LOOK_MS = 100;
const KIBIBYTE = 1_024;
/** flagd's keep-alives are shorter, and every change is longer. */
const KEEP_ALIVE_BYTES_MAX = 32;

export interface CrowdFigures {
  readonly server: string;
  readonly clients: number;
  readonly rssKib: number;
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly lastMs: number;
  readonly bytes: number;
}

interface Push {
  readonly cpuMs: number;
  /** From its beginning to each receipt. */
  readonly afterMs: readonly number[];
  readonly bytes: number;
}

/** @param crowds how many clients, ascending */
export async function measureCrowds(
  server: Pusher,
  { path, request }: StreamContract,
  crowds: readonly number[],
  rounds: number,
): Promise<readonly CrowdFigures[]> {
  const largest = crowds.at(-1)!;
  const hosts = Array.from(
    { length: Math.ceil(largest / READERS_PER_PROCESS_MAX) },
    () => new BenchChild('crowd-host', []),
  );
  const all = <Answer>(question: (share: number) => CrowdQuestion): Promise<Answer[]> =>
    Promise.all(hosts.map((host, index) => host.ask<Answer>(question(index))));
  const none = await server.rssBytes();
  const figures: CrowdFigures[] = [];
  let open = 0;
  for (const clients of crowds) {
    const more = clients - open;
    open = clients;
    await all((index) => ({
      ...{ ask: 'open', endpoint: server.endpoint, path, request: request.toString('base64') },
      count: Math.floor((more + index) / hosts.length),
      perSecond: PER_SECOND / hosts.length,
    }));
    await until(
      async () => {
        const opened = await all<Opened>(() => ({ ask: 'opened' }));
        const why = opened.find(({ ended }) => ended > 0)?.why;
        if (why !== undefined) throw new Error(`a stream of the crowd has ended: ${why}`);
        return sum(opened.map(({ begun }) => begun)) === clients;
      },
      { what: `${clients} streams`, timeoutMs: OPEN_MAX_MS, intervalMs: LOOK_MS },
    );
    const rss = await server.rssBytes();
    const pushes: Push[] = [];
    for (let round = -WARM_UP_CHANGES; round < rounds; round++) {
      const push = await onePush(server, clients, all);
      if (round >= 0) pushes.push(push);
    }
    const median = (of: (push: Push) => number): number => percentile(pushes.map(of), 0.5);
    figures.push({
      ...{ server: server.name, clients },
      rssKib: (rss - none) / clients / KIBIBYTE,
      cpuUs: median(({ cpuMs }) => (cpuMs * 1_000) / clients),
      p50Ms: median(({ afterMs }) => percentile(afterMs, 0.5)),
      lastMs: median(({ afterMs }) => Math.max(...afterMs)),
      bytes: median(({ bytes }) => bytes / clients),
    });
  }
  for (const host of hosts) await host.close();
  await server.close();
  return figures;
}

async function onePush(
  server: Pusher,
  clients: number,
  all: <Answer>(question: () => CrowdQuestion) => Promise<Answer[]>,
): Promise<Push> {
  await all(() => ({ ask: 'arm', longerThanBytes: KEEP_ALIVE_BYTES_MAX }));
  const cpuBefore = server.cpuMs();
  const beganMs = await server.push();
  let received: readonly Received[] = [];
  await until(
    async () => {
      received = await all<Received>(() => ({ ask: 'received' }));
      return sum(received.map(({ streams }) => streams)) === clients;
    },
    { what: `a change at ${clients} clients`, timeoutMs: PUSH_MAX_MS, intervalMs: LOOK_MS },
  );
  return {
    cpuMs: server.cpuMs() - cpuBefore,
    afterMs: received.flatMap(({ atMs }) => atMs.map((ms) => ms - beganMs)),
    bytes: sum(received.map(({ bytes }) => bytes)),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

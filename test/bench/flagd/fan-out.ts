// One change to a crowd of flagd's clients, beside a bare server that writes the same bytes: CPU for each, and when the
// last has it; and what an idle stream keeps of the memory.

import { EventStreamRequest, ServiceService } from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { BareStream } from '../../load/bare-stream.ts';
import { createFlags, MEASURED_FLAG } from '../../load/load-site.ts';
import { machineMsAt } from '../../load/machine-clock.ts';
import { until } from '../../support/until.ts';
import { BenchChild } from '../bench-child.ts';
import type { Row, SuiteReport } from '../report.ts';
import type { Memory } from '../resting-memory.ts';
import { SecuritySite } from '../security/security-site.ts';
import { sizeFrom } from '../security/sizes.ts';
import { percentile } from '../statistics.ts';
import { cpuNs, cpuTimeMissing } from '../unary/cpu-time.ts';
import type { CrowdQuestion, Opened, Received } from './crowd-host.ts';
import type { StartedStreamFloor, StreamFloorQuestion } from './stream-floor-host.ts';

const CROWDS = [1_000, 10_000];
const SETS = [10, 1_000];
const WARM_UP_CHANGES = 2;
const ROUNDS = 7;
const PER_SECOND = 400;
const READERS_PER_PROCESS_MAX = 9_000;
const OPEN_MAX_MS = 120_000;
const PUSH_MAX_MS = 60_000;
const REST_MS = 200;
const KIBIBYTE = 1_024;

const PATH = ServiceService.eventStream.path;
const REQUEST = Buffer.from(EventStreamRequest.encode({}).finish());

/** A server that pushes to all that have a stream open. */
interface Pusher {
  readonly name: string;
  readonly endpoint: string;
  /** Answers when it began, by the machine's clock. */
  push(): Promise<number>;
  cpuMs(): number;
  memory(): Promise<Memory>;
  close(): Promise<void>;
}

export async function runFanOutSuite(): Promise<SuiteReport> {
  const report = {
    name: 'flagd-streams',
    title: 'EventStream: one change to all clients',
    notes: [
      `Each client over a connection of its own; medians of ${ROUNDS} changes. The bare server is grpc-js and writes the bytes that the evaluator wrote.`,
      'Servers and clients shared all cores. The evaluator’s time begins with the commit, the bare server’s with its first write.',
      'A flagd beside it is not run.',
    ],
    columns: [
      { key: 'name', title: 'server' },
      { key: 'flags', title: 'flags' },
      { key: 'clients', title: 'clients' },
      { key: 'rssKib', title: 'KiB RSS per idle stream', digits: 1 },
      { key: 'cpuUs', title: 'us CPU per push', digits: 1 },
      { key: 'p50Ms', title: 'p50 ms', digits: 1 },
      { key: 'lastMs', title: 'last ms', digits: 1 },
      { key: 'bytes', title: 'bytes each' },
    ],
  };
  const missing = cpuTimeMissing();
  if (missing !== undefined) return { ...report, rows: [], notRun: missing };
  const clientsMax = sizeFrom('BENCH_CLIENTS', CROWDS.at(-1)!);
  const crowds = CROWDS.filter((clients) => clients <= clientsMax);
  const rows: Row[] = [];
  for (const flags of SETS) {
    const { first, change } = await captured(flags);
    const bare = await measured(await startFloor(first, change), flags, crowds);
    const ours = await measured(await startEvaluator(flags), flags, crowds);
    for (const [index] of crowds.entries()) {
      const [floor, own] = [bare[index]!, ours[index]!];
      const cpuUs = Number(own['cpuUs']) / Number(floor['cpuUs']);
      rows.push(floor, own, { name: 'ratio', cpuUs });
    }
  }
  return { ...report, rows };
}

async function startEvaluator(flags: number): Promise<Pusher> {
  const site = await SecuritySite.start();
  const newest = await createFlags(site.admin, flags);
  const evaluator = await site.startEvaluator('plaintext');
  await evaluator.follow(newest);
  let enabled = true;
  return {
    name: 'evaluator',
    endpoint: `127.0.0.1:${evaluator.grpcPort}`,
    push: async () => {
      enabled = !enabled;
      await site.admin.setEnabled(MEASURED_FLAG, enabled);
      return machineMsAt(await site.lastCommitMs());
    },
    cpuMs: () => cpuNs(evaluator.pid) / 1e6,
    memory: () => evaluator.memory(),
    close: () => evaluator.close(),
  };
}

async function startFloor(first: readonly Buffer[], change: Buffer): Promise<Pusher> {
  const host = new BenchChild('stream-floor-host', [], ['--expose-gc']);
  const ask = <Answer>(question: StreamFloorQuestion): Promise<Answer> => host.ask<Answer>(question);
  const { pid, port } = await ask<StartedStreamFloor>({ ask: 'start', path: PATH, first: first.map(base64) });
  return {
    name: 'bare grpc-js',
    endpoint: `127.0.0.1:${port}`,
    push: () => ask<number>({ ask: 'push', message: base64(change) }),
    cpuMs: () => cpuNs(pid) / 1e6,
    memory: () => ask<Memory>({ ask: 'memory' }),
    close: () => host.close(),
  };
}

/** What a stream of an evaluator with so many flags begins with, and what it is told of one change. */
async function captured(
  flags: number,
): Promise<{ readonly first: readonly Buffer[]; readonly change: Buffer }> {
  const evaluator = await startEvaluator(flags);
  const messages: Buffer[] = [];
  const stream = new BareStream(
    evaluator.endpoint,
    PATH,
    {},
    {
      message: (bytes) => void messages.push(Buffer.from(bytes)),
      ended: () => undefined,
    },
  );
  stream.send(REQUEST);
  stream.end();
  // Ready, and every flag.
  await until(() => messages.length >= 2, { what: 'the beginning of a stream' });
  const first = [...messages];
  await evaluator.push();
  await until(() => messages.length > first.length, { what: 'a change' });
  stream.cancel();
  await evaluator.close();
  return { first, change: messages.at(-1)! };
}

async function measured(server: Pusher, flags: number, crowds: readonly number[]): Promise<Row[]> {
  const largest = crowds.at(-1)!;
  const hosts = Array.from(
    { length: Math.ceil(largest / READERS_PER_PROCESS_MAX) },
    () => new BenchChild('crowd-host', []),
  );
  const all = <Answer>(question: (share: number) => CrowdQuestion): Promise<Answer[]> =>
    Promise.all(hosts.map((host, index) => host.ask<Answer>(question(index))));
  const none = await server.memory();
  const rows: Row[] = [];
  let open = 0;
  for (const clients of crowds) {
    const more = clients - open;
    open = clients;
    await all((index) => ({
      ...{ ask: 'open', endpoint: server.endpoint, path: PATH, request: base64(REQUEST) },
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
      { what: `${clients} streams`, timeoutMs: OPEN_MAX_MS, intervalMs: REST_MS },
    );
    const { rssBytes } = await server.memory();
    const pushes: Push[] = [];
    for (let round = -WARM_UP_CHANGES; round < ROUNDS; round++) {
      const push = await onePush(server, clients, all);
      if (round >= 0) pushes.push(push);
    }
    const median = (of: (push: Push) => number): number => percentile(pushes.map(of), 0.5);
    rows.push({
      ...{ name: server.name, flags, clients },
      rssKib: (rssBytes - none.rssBytes) / clients / KIBIBYTE,
      cpuUs: median(({ cpuMs }) => (cpuMs * 1_000) / clients),
      p50Ms: median(({ afterMs }) => percentile(afterMs, 0.5)),
      lastMs: median(({ afterMs }) => Math.max(...afterMs)),
      bytes: median(({ bytes }) => bytes / clients),
    });
  }
  for (const host of hosts) await host.close();
  await server.close();
  return rows;
}

interface Push {
  readonly cpuMs: number;
  /** From its beginning to each receipt. */
  readonly afterMs: readonly number[];
  readonly bytes: number;
}

async function onePush(
  server: Pusher,
  clients: number,
  all: <Answer>(question: () => CrowdQuestion) => Promise<Answer[]>,
): Promise<Push> {
  await all(() => ({ ask: 'arm' }));
  const cpuBefore = server.cpuMs();
  const beganMs = await server.push();
  let received: readonly Received[] = [];
  await until(
    async () => {
      received = await all<Received>(() => ({ ask: 'received' }));
      return sum(received.map(({ streams }) => streams)) === clients;
    },
    { what: `a change at ${clients} clients`, timeoutMs: PUSH_MAX_MS, intervalMs: REST_MS },
  );
  return {
    cpuMs: server.cpuMs() - cpuBefore,
    afterMs: received.flatMap(({ atMs }) => atMs.map((ms) => ms - beganMs)),
    bytes: sum(received.map(({ bytes }) => bytes)),
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

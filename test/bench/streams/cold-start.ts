// How long an evaluator takes from the start of its process to its first right answer, with a large set.

import { connect } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  EvaluateRequest,
  EvaluateResponse,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { BareStream } from '../../load/bare-stream.ts';
import { createFlags, MEASURED_FLAG } from '../../load/load-site.ts';
import { Admin } from '../../support/admin.ts';
import { startFlagstream } from '../../support/flagstream.ts';
import { freePort } from '../../support/free-port.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { TestProcess } from '../../support/process.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { newPrefix, startControlPlane } from '../tradeoffs/nodes.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import type { StreamSizes } from './sizes.ts';

interface ColdStart {
  readonly ms: number;
  readonly cpuMs: number;
}

const ASK_MS = 2;
const ANSWER_MAX_MS = 60_000;
const AIM_MS = 260;
const REQUEST = EvaluateRequest.encode(
  EvaluateRequest.fromPartial({ flagKey: MEASURED_FLAG, context: { targetingKey: 'user-17' } }),
).finish();

export async function measureColdStart({ flags, coldStarts }: StreamSizes): Promise<SuiteReport> {
  const nats = await startNatsServer();
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const controlPlane = await startControlPlane(place, tempDir('bench-cold'));
  const revision = await createFlags(new Admin(controlPlane.grpcPort), flags);
  const cacheDir = tempDir('bench-cold-cache');
  const evaluator = (more: readonly string[]) => async (): Promise<ColdStart> => {
    const [port, managementPort] = [await freePort(), await freePort()];
    const startedMs = performance.now();
    const started = startFlagstream([
      ...['serve', '--role=evaluator', `--grpc-port=${port}`, `--management-port=${managementPort}`],
      ...[`--nats-url=${place.natsUrl}`, `--nats-prefix=${place.prefix}`],
      ...[`--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`, ...more],
    ]);
    await rightAnswer(port, revision);
    return stopped(started, startedMs);
  };
  const kept = evaluator([`--cache-dir=${cacheDir}`]);
  // Fills the folder.
  await kept();
  const starts: Readonly<Record<string, () => Promise<ColdStart>>> = {
    'evaluator, nothing on its disk': evaluator([]),
    'evaluator, the state on its disk': kept,
    'floor: a bare grpc-js server with one constant answer': bareStart,
  };
  const rounds = new Map<string, ColdStart[]>(Object.keys(starts).map((name) => [name, []]));
  for (let round = 0; round < coldStarts; round++)
    for (const [name, start] of Object.entries(starts)) rounds.get(name)!.push(await start());
  return {
    name: 'cold-start',
    title: `Cold start with ${flags.toLocaleString('en-US')} flags`,
    notes: [
      `From the start of the process to its first right answer to Evaluate, asked for every ${ASK_MS} ms over a new connection each; ${coldStarts} rounds in turn. Control plane and nats-server beside it.`,
      `Aim: ${AIM_MS} ms.`,
    ],
    columns: [
      { key: 'name', title: 'milliseconds' },
      { key: 'median', title: 'median' },
      { key: 'min', title: 'min' },
      { key: 'max', title: 'max' },
      { key: 'aim', title: `aim: at most ${AIM_MS}` },
      { key: 'cpuMs', title: 'CPU until then, all threads, median' },
    ],
    rows: [...rounds].map(([name, round]): Row => {
      const ms = round.map((start) => start.ms);
      const median = percentile(ms, 0.5);
      const cpuMs = percentile(
        round.map((start) => start.cpuMs),
        0.5,
      );
      const aim = name.startsWith('floor') ? '' : median <= AIM_MS ? 'met' : 'not met';
      return { name, median, min: Math.min(...ms), max: Math.max(...ms), aim, cpuMs };
    }),
  };
}

async function bareStart(): Promise<ColdStart> {
  const answer = JSON.stringify({ value: true, variant: 'on', revision: '1' });
  const startedMs = performance.now();
  const started = new TestProcess('bare server', process.execPath, [
    path.join(import.meta.dirname, 'bare-server.js'),
    'Evaluate',
    answer,
  ]);
  const { json } = await started.waitForLine((line) => line.json?.['port'] !== undefined);
  await rightAnswer(Number(json?.['port']), 1);
  return stopped(started, startedMs);
}

async function stopped(started: TestProcess, startedMs: number): Promise<ColdStart> {
  const [ms, cpuMs] = [performance.now() - startedMs, cpuNs(started.pid!) / 1e6];
  await started.stop();
  return { ms, cpuMs };
}

/** Asks until it is answered: before, nobody listens, or the state is not there. */
async function rightAnswer(port: number, revision: number): Promise<void> {
  const endMs = performance.now() + ANSWER_MAX_MS;
  while (performance.now() < endMs) {
    // A whole HTTP/2 connection for each attempt would take a core that the start needs.
    const answer = (await isListening(port)) ? await ask(port) : undefined;
    if (answer?.variant === 'on' && Number(answer.revision) === revision) return;
    await delay(ASK_MS);
  }
  throw new Error(`no right answer on port ${port} within ${ANSWER_MAX_MS} ms`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const told = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => told(true));
    socket.once('error', () => told(false));
  });
}

function ask(port: number): Promise<EvaluateResponse | undefined> {
  return new Promise((resolve) => {
    const { path: method } = EvaluationServiceService.evaluate;
    const call = new BareStream(
      `127.0.0.1:${port}`,
      method,
      {},
      {
        message: (bytes) => resolve(EvaluateResponse.decode(bytes)),
        ended: () => resolve(undefined),
      },
    );
    call.send(REQUEST);
    call.end();
  });
}

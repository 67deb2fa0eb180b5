// Unary evaluations of a real evaluator process under h2load, beside a bare grpc-js server that answers the
// same messages, in interleaved rounds: CPU per request first, requests per second second.

import path from 'node:path';
import process from 'node:process';
import {
  EvaluateResponse,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Installation } from '../../support/installation.ts';
import { TestProcess } from '../../support/process.ts';
import { canPin, pinProcess } from '../pin.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile, spread } from '../statistics.ts';
import { cpuNs } from './cpu-time.ts';
import type { H2load } from './find-h2load.ts';
import { type LoadResult, requestFile, runH2load } from './h2load.ts';
import {
  checkedAnswer,
  createFlags,
  FLAGS,
  leastBytes,
  measuringNeeds,
  REQUEST_BYTES,
} from './measured-call.ts';

const ROUNDS = 7;
const REQUESTS = 10_000;
const WARM_UP_REQUESTS = 20_000;
const SHAPE = { connections: 8, streams: 16 } as const;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly answerBytes: number;
}

interface Round extends LoadResult {
  readonly cpuUs: number;
}

export async function runUnarySuite(): Promise<SuiteReport> {
  const report = {
    name: 'unary',
    title: 'Unary evaluations over gRPC',
    notes: [
      `h2load, ${SHAPE.connections} connections x ${SHAPE.streams} streams, ${ROUNDS} interleaved rounds of ${REQUESTS.toLocaleString('en-US')} requests after a warm-up; CPU time of all threads of the server's process.`,
      `${FLAGS} flags, each one attribute equality before a 50 % split; the context has five attributes. The bare server is grpc-js with the same messages and one constant answer.`,
      'Latency under a load that keeps every stream busy is mostly waiting time.',
    ],
    columns: [
      { key: 'name', title: 'server' },
      { key: 'cpuMedianUs', title: 'us CPU per request, median', digits: 1 },
      { key: 'cpuP25Us', title: 'p25', digits: 1 },
      { key: 'cpuMinUs', title: 'min', digits: 1 },
      { key: 'perSecond', title: 'requests/s, median' },
      { key: 'p50Ms', title: 'p50 ms', digits: 1 },
      { key: 'p99Ms', title: 'p99 ms', digits: 1 },
    ],
  };
  const found = measuringNeeds();
  if (typeof found === 'string') return { ...report, rows: [], notRun: found };
  const pin = canPin();
  const rows = await measure(found, pin);
  const pinning = pin
    ? `Servers ran on core ${SERVER_CORE}, h2load on core ${LOAD_CORE}.`
    : 'Servers and h2load shared all cores.';
  return { ...report, notes: [...report.notes, pinning], rows };
}

async function measure(h2load: H2load, pin: boolean): Promise<Row[]> {
  const installation = await Installation.start({ evaluators: 1 });
  const revision = await createFlags(installation.admin);
  const evaluator = installation.evaluators[0]!;
  const answer = await checkedAnswer(evaluator.grpcPort, revision);
  const bare = await startBareServer(answer);
  const answerBytes = leastBytes(answer);
  const servers: Server[] = [
    { name: 'bare grpc-js', ...bare, answerBytes },
    { name: 'evaluator, Evaluate', pid: pidOf(evaluator.process), port: evaluator.grpcPort, answerBytes },
  ];
  if (pin) for (const { pid } of servers) pinProcess(pid, SERVER_CORE);

  const file = requestFile(REQUEST_BYTES);
  const core = pin ? LOAD_CORE : undefined;
  const load = (server: Server, requests: number): Promise<Round> =>
    oneRound(h2load, server, { file, requests, core });
  for (const server of servers) await load(server, WARM_UP_REQUESTS);
  const rounds = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) rounds.get(server)!.push(await load(server, REQUESTS));
  }
  const rows = servers.map((server) => rowOf(server.name, rounds.get(server)!));
  await bare.process.stop();
  return [...rows, ratioRow(rows)];
}

async function oneRound(
  h2load: H2load,
  server: Server,
  {
    file,
    requests,
    core,
  }: { readonly file: string; readonly requests: number; readonly core: number | undefined },
): Promise<Round> {
  const before = cpuNs(server.pid);
  const result = await runH2load(h2load, {
    url: `http://127.0.0.1:${server.port}${EvaluationServiceService.evaluate.path}`,
    file,
    requests,
    shape: SHAPE,
    answerBytesMin: server.answerBytes,
    core,
  });
  return { ...result, cpuUs: (cpuNs(server.pid) - before) / 1e3 / requests };
}

function rowOf(name: string, rounds: readonly Round[]): Row {
  const cpu = spread(rounds.map((round) => round.cpuUs));
  const median = (of: (round: Round) => number): number => percentile(rounds.map(of), 0.5);
  return {
    name,
    cpuMedianUs: cpu.median,
    cpuP25Us: cpu.p25,
    cpuMinUs: cpu.min,
    perSecond: median((round) => round.perSecond),
    p50Ms: median((round) => round.p50Ms),
    p99Ms: median((round) => round.p99Ms),
  };
}

/** The evaluator's CPU as a multiple of the bare server's. */
function ratioRow([bare, ours]: readonly Row[]): Row {
  const ratio = (key: string): number => Number(ours?.[key]) / Number(bare?.[key]);
  return {
    name: 'ratio',
    cpuMedianUs: ratio('cpuMedianUs'),
    cpuP25Us: ratio('cpuP25Us'),
    cpuMinUs: ratio('cpuMinUs'),
  };
}

async function startBareServer(
  answer: EvaluateResponse,
): Promise<{ readonly process: TestProcess; readonly pid: number; readonly port: number }> {
  const program = path.join(import.meta.dirname, 'bare-server.js');
  const json = JSON.stringify(EvaluateResponse.toJSON(answer));
  const server = new TestProcess('bare grpc-js server', process.execPath, [program, json]);
  const { json: listening } = await server.waitForLine((line) => line.json?.['port'] !== undefined);
  return { process: server, pid: pidOf(server), port: Number(listening?.['port']) };
}

function pidOf({ pid }: TestProcess): number {
  if (pid === undefined) throw new Error('the process is not running');
  return pid;
}

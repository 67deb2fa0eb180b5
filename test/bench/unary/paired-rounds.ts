// A real server process and a bare grpc-js server of the same messages under h2load, in interleaved rounds: CPU per
// request first, requests per second second.

import path from 'node:path';
import process from 'node:process';
import { TestProcess } from '../../support/process.ts';
import { canPin, pinProcess } from '../pin.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile, spread } from '../statistics.ts';
import type { BareCall } from './bare-calls.ts';
import { cpuNs } from './cpu-time.ts';
import type { H2load } from './find-h2load.ts';
import { type LoadResult, requestFile, runH2load } from './h2load.ts';

const ROUNDS = 7;
const REQUESTS = 10_000;
const WARM_UP_REQUESTS = 20_000;
const SHAPE = { connections: 8, streams: 16 } as const;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** One call, at a server of ours and at a bare one. */
export interface Paired {
  /** Of ours, as its row says it. */
  readonly name: string;
  readonly call: BareCall;
  /** Path of the method. */
  readonly path: string;
  readonly request: Uint8Array;
  /** What the bare server answers, as JSON of the message. */
  readonly answer: unknown;
  /** No right answer is shorter. */
  readonly answerBytesMin: number;
  readonly ours: { readonly pid: number; readonly port: number };
}

export const PAIR_NOTES: readonly string[] = [
  `h2load, ${SHAPE.connections} connections x ${SHAPE.streams} streams, ${ROUNDS} interleaved rounds of ${REQUESTS.toLocaleString('en-US')} requests after a warm-up; CPU time of all threads of the server's process.`,
  'The bare server is grpc-js with the same messages and one constant answer, encoded anew for each call.',
  'Latency under a load that keeps every stream busy is mostly waiting time.',
];

export const PAIR_COLUMNS: SuiteReport['columns'] = [
  { key: 'name', title: 'server' },
  { key: 'cpuMedianUs', title: 'us CPU per request, median', digits: 1 },
  { key: 'cpuP25Us', title: 'p25', digits: 1 },
  { key: 'cpuMinUs', title: 'min', digits: 1 },
  { key: 'perSecond', title: 'requests/s, median' },
  { key: 'p50Ms', title: 'p50 ms', digits: 1 },
  { key: 'p99Ms', title: 'p99 ms', digits: 1 },
];

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

interface Round extends LoadResult {
  readonly cpuUs: number;
}

/** How servers and load shared the machine. */
export function pinningNote(): string {
  return canPin()
    ? `Servers ran on core ${SERVER_CORE}, h2load on core ${LOAD_CORE}.`
    : 'Servers and h2load shared all cores.';
}

/** The bare server's row, ours, and how ours compares. */
export async function pairRows(h2load: H2load, paired: Paired): Promise<Row[]> {
  const pin = canPin();
  const bare = await startBareServer(paired);
  const servers: readonly Server[] = [
    { name: `bare grpc-js, ${paired.call}`, ...bare },
    { name: paired.name, ...paired.ours },
  ];
  if (pin) for (const { pid } of servers) pinProcess(pid, SERVER_CORE);
  const file = requestFile(paired.request);
  const load = (server: Server, requests: number): Promise<Round> =>
    oneRound(h2load, server, { paired, file, requests, core: pin ? LOAD_CORE : undefined });
  for (const server of servers) await load(server, WARM_UP_REQUESTS);
  const rounds = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const server of servers) rounds.get(server)!.push(await load(server, REQUESTS));
  const rows = servers.map((server) => rowOf(server.name, rounds.get(server)!));
  await bare.process.stop();
  return [...rows, ratioRow(rows)];
}

interface OneLoad {
  readonly paired: Paired;
  readonly file: string;
  readonly requests: number;
  readonly core: number | undefined;
}

async function oneRound(
  h2load: H2load,
  server: Server,
  { paired, file, requests, core }: OneLoad,
): Promise<Round> {
  const before = cpuNs(server.pid);
  const result = await runH2load(h2load, {
    url: `http://127.0.0.1:${server.port}${paired.path}`,
    file,
    requests,
    shape: SHAPE,
    answerBytesMin: paired.answerBytesMin,
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

/** Our CPU as a multiple of the bare server's. */
function ratioRow([bare, ours]: readonly Row[]): Row {
  const ratio = (key: string): number => Number(ours?.[key]) / Number(bare?.[key]);
  return {
    name: 'ratio',
    cpuMedianUs: ratio('cpuMedianUs'),
    cpuP25Us: ratio('cpuP25Us'),
    cpuMinUs: ratio('cpuMinUs'),
  };
}

async function startBareServer({
  call,
  answer,
}: Paired): Promise<{ readonly process: TestProcess; readonly pid: number; readonly port: number }> {
  const program = path.join(import.meta.dirname, 'bare-server.js');
  const server = new TestProcess('bare grpc-js server', process.execPath, [
    program,
    call,
    JSON.stringify(answer),
  ]);
  const { json: listening } = await server.waitForLine((line) => line.json?.['port'] !== undefined);
  return { process: server, pid: pidOf(server), port: Number(listening?.['port']) };
}

export function pidOf({ pid }: TestProcess): number {
  if (pid === undefined) throw new Error('the process is not running');
  return pid;
}

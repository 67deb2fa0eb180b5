// A real server process and a bare server of the same messages under h2load, and another system's where it is here, in
// interleaved rounds: CPU per request first, requests per second second.

import { canPin, pinProcess } from '../pin.ts';
import type { Row, SuiteReport } from '../report.ts';
import { sizeFrom } from '../security/sizes.ts';
import { percentile, spread } from '../statistics.ts';
import type { StartedBare } from './bare-process.ts';
import { cpuNs } from './cpu-time.ts';
import type { H2load } from './find-h2load.ts';
import { bodyFile, type LoadResult, type Protocol, requestFile, runH2load } from './h2load.ts';

const ROUNDS = sizeFrom('BENCH_ROUNDS', 7);
const REQUESTS = sizeFrom('BENCH_REQUESTS', 10_000);
const WARM_UP_TIMES = 2;
const SHAPES = { grpc: { connections: 8, streams: 16 }, http: { connections: 64, streams: 1 } } as const;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** One call, at a server of ours, at a bare one, and at another system's. */
export interface Paired {
  readonly protocol: Protocol;
  /** Of the method, or of the resource. */
  readonly path: string;
  readonly request: Uint8Array;
  /** No right answer is shorter. */
  readonly answerBytesMin: number;
  /** Of a round; default 10,000. */
  readonly requests?: number;
  /** Is stopped afterwards. */
  readonly bare: StartedBare & { readonly name: string };
  readonly ours: Server;
  /** It may answer less: what it says of a flag is its own. */
  readonly peer?: Server & { readonly answerBytesMin: number };
}

/** As its row names it. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** CPU per request, p25, of one call. */
export interface PairFigures {
  readonly oursUs: number;
  readonly toBare: number;
  /** Undefined: none was there. */
  readonly toPeer: number | undefined;
}

export const PAIR_NOTES: readonly string[] = [
  `h2load, ${SHAPES.grpc.connections} connections x ${SHAPES.grpc.streams} streams, ${ROUNDS} interleaved rounds of ${REQUESTS.toLocaleString('en-US')} requests after a warm-up; CPU time of all threads of the server's process.`,
  'The bare server is grpc-js with the same messages and one constant answer, encoded anew for each call.',
  'Latency under a load that keeps every stream busy is mostly waiting time.',
];

export const PAIR_COLUMNS: SuiteReport['columns'] = [
  { key: 'name', title: 'server' },
  { key: 'cpuMedianUs', title: 'us CPU per request, median', digits: 2 },
  { key: 'cpuP25Us', title: 'p25', digits: 2 },
  { key: 'cpuMinUs', title: 'min', digits: 2 },
  { key: 'perSecond', title: 'requests/s, median' },
  { key: 'p50Ms', title: 'p50 ms', digits: 1 },
  { key: 'p99Ms', title: 'p99 ms', digits: 1 },
];

interface Round extends LoadResult {
  readonly cpuUs: number;
}

/** How servers and load shared the machine. */
export function pinningNote(): string {
  return canPin()
    ? `Servers ran on core ${SERVER_CORE}, h2load on core ${LOAD_CORE}.`
    : 'Servers and h2load shared all cores.';
}

/** The rows of all servers, and how ours compares. */
export async function pairRows(
  h2load: H2load,
  paired: Paired,
): Promise<{ readonly rows: Row[]; readonly figures: PairFigures }> {
  const { bare, ours, peer, request, protocol, requests = REQUESTS } = paired;
  const pin = canPin();
  const servers: readonly Server[] = [bare, ours, ...(peer === undefined ? [] : [peer])];
  if (pin) for (const { pid } of servers) pinProcess(pid, SERVER_CORE);
  const file = protocol === 'grpc' ? requestFile(request) : bodyFile(request);
  const load = (server: Server, count: number): Promise<Round> =>
    oneRound(h2load, server, { paired, file, requests: count, core: pin ? LOAD_CORE : undefined });
  for (const server of servers) await load(server, WARM_UP_TIMES * requests);
  const rounds = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const server of servers) rounds.get(server)!.push(await load(server, requests));
  await bare.process.stop();
  const rowAt = (server: Server): Row => rowOf(server.name, rounds.get(server)!);
  const [own, floor, other] = [rowAt(ours), rowAt(bare), peer === undefined ? undefined : rowAt(peer)];
  const toBare = ratioRow(`${ours.name}: x bare`, own, floor);
  const toPeer = other === undefined ? undefined : ratioRow(`${ours.name}: x ${peer?.name}`, own, other);
  return {
    rows: [
      floor,
      own,
      ...(other === undefined ? [] : [other]),
      toBare,
      ...(toPeer === undefined ? [] : [toPeer]),
    ],
    figures: {
      oursUs: Number(own['cpuP25Us']),
      toBare: Number(toBare['cpuP25Us']),
      toPeer: toPeer === undefined ? undefined : Number(toPeer['cpuP25Us']),
    },
  };
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
  const { protocol, path, answerBytesMin, peer } = paired;
  const before = cpuNs(server.pid);
  const result = await runH2load(h2load, {
    url: `http://127.0.0.1:${server.port}${path}`,
    ...{ protocol, file, requests, core },
    shape: SHAPES[protocol],
    answerBytesMin: server === peer ? peer.answerBytesMin : answerBytesMin,
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

/** Our CPU as a multiple of another server's. */
function ratioRow(name: string, ours: Row, other: Row): Row {
  const ratio = (key: string): number => Number(ours[key]) / Number(other[key]);
  return {
    name,
    cpuMedianUs: ratio('cpuMedianUs'),
    cpuP25Us: ratio('cpuP25Us'),
    cpuMinUs: ratio('cpuMinUs'),
  };
}

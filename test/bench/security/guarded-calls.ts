// What a unary evaluation costs the evaluator behind each door, in turns, so that drift favours none.

import { EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { canPin, pinProcess } from '../pin.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile, spread } from '../statistics.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import type { H2load } from '../unary/find-h2load.ts';
import { type LoadResult, requestFile, runH2load } from '../unary/h2load.ts';
import {
  checkedAnswer,
  createFlags,
  FLAGS,
  leastBytes,
  measuringNeeds,
  REQUEST_BYTES,
} from '../unary/measured-call.ts';
import { DOORS, type Door, type HostedEvaluator, type SecuritySite } from './security-site.ts';
import type { Sizes } from './sizes.ts';

const SHAPE = { connections: 8, streams: 16 } as const;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
/** As many calls again as a round has, before the first one. */
const WARM_UP_ROUNDS = 2;

interface Server {
  readonly door: Door;
  readonly evaluator: HostedEvaluator;
  readonly headers: readonly string[];
  readonly answerBytes: number;
}

interface Round extends LoadResult {
  readonly cpuUs: number;
}

export async function measureGuardedCalls(site: SecuritySite, sizes: Sizes): Promise<SuiteReport> {
  const pin = canPin();
  const report = {
    name: 'guarded-calls',
    title: 'Unary evaluations behind each door',
    notes: [
      `h2load, ${SHAPE.connections} connections x ${SHAPE.streams} streams, ${sizes.callRounds} rounds of ${sizes.requests.toLocaleString('en-US')} requests, the doors in turn, after a warm-up; CPU time of all threads of the evaluator. A round opens its connections anew: their handshakes are in it.`,
      `${FLAGS} flags as in the table of unary evaluations. One log, an evaluator for each door; with a key, each request shows it.`,
      pin
        ? `Evaluators ran on core ${SERVER_CORE}, h2load on core ${LOAD_CORE}.`
        : 'Evaluators and h2load shared all cores.',
    ],
    columns: [
      { key: 'name', title: 'door' },
      { key: 'cpuMedianUs', title: 'us CPU per request, median', digits: 1 },
      { key: 'cpuP25Us', title: 'p25', digits: 1 },
      { key: 'cpuMinUs', title: 'min', digits: 1 },
      { key: 'times', title: 'x plaintext, median', digits: 2 },
      { key: 'perSecond', title: 'requests/s, median' },
    ],
  };
  const found = measuringNeeds();
  if (typeof found === 'string') return { ...report, rows: [], notRun: found };
  return { ...report, rows: await measure(found, site, sizes, pin) };
}

async function measure(h2load: H2load, site: SecuritySite, sizes: Sizes, pin: boolean): Promise<Row[]> {
  const servers = await startServers(site);
  if (pin) for (const { evaluator } of servers) pinProcess(evaluator.pid, SERVER_CORE);
  const file = requestFile(REQUEST_BYTES);
  const oneRound = async ({ evaluator, headers, answerBytes }: Server): Promise<Round> => {
    const before = cpuNs(evaluator.pid);
    const scheme = evaluator.authority === undefined ? 'http' : 'https';
    const result = await runH2load(h2load, {
      url: `${scheme}://127.0.0.1:${evaluator.grpcPort}${EvaluationServiceService.evaluate.path}`,
      file,
      requests: sizes.requests,
      shape: SHAPE,
      answerBytesMin: answerBytes,
      core: pin ? LOAD_CORE : undefined,
      headers,
    });
    return { ...result, cpuUs: (cpuNs(evaluator.pid) - before) / 1e3 / sizes.requests };
  };
  for (const server of servers) for (let round = 0; round < WARM_UP_ROUNDS; round++) await oneRound(server);
  const rounds = new Map<Door, Round[]>(DOORS.map((door) => [door, []]));
  for (let round = 0; round < sizes.callRounds; round++)
    for (const server of servers) rounds.get(server.door)!.push(await oneRound(server));
  await Promise.all(servers.map(({ evaluator }) => evaluator.close()));
  const plaintext = medianCpuUs(rounds.get('plaintext')!);
  return DOORS.map((door) => rowOf(door, rounds.get(door)!, plaintext));
}

/** Each answers as the flags say, and refuses who shows no key where it asks for one. */
async function startServers(site: SecuritySite): Promise<readonly Server[]> {
  const key = await site.createKey();
  const revision = await createFlags(site.admin);
  const servers: Server[] = [];
  for (const door of DOORS) {
    const evaluator = await site.startEvaluator(door);
    await evaluator.follow(revision);
    const { authority, grpcPort } = evaluator;
    const channel =
      authority === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority));
    const asksForKey = door === 'TLS + key';
    if (asksForKey) await refused(checkedAnswer(grpcPort, revision, channel));
    const authorization = `Bearer ${key.token}`;
    const shown = asksForKey ? { authorization } : {};
    const answer = await checkedAnswer(grpcPort, revision, channel, shown);
    const headers = asksForKey ? [`authorization: ${authorization}`] : [];
    servers.push({ door, evaluator, headers, answerBytes: leastBytes(answer) });
  }
  return servers;
}

async function refused(call: Promise<unknown>): Promise<void> {
  const answered = await call.then(
    () => true,
    () => false,
  );
  if (answered) throw new Error('the evaluator that asks for keys answered without one');
}

function medianCpuUs(rounds: readonly Round[]): number {
  return percentile(
    rounds.map(({ cpuUs }) => cpuUs),
    0.5,
  );
}

function rowOf(name: string, rounds: readonly Round[], plaintextUs: number): Row {
  const cpu = spread(rounds.map(({ cpuUs }) => cpuUs));
  const perSecond = percentile(
    rounds.map((round) => round.perSecond),
    0.5,
  );
  return {
    name,
    cpuMedianUs: cpu.median,
    cpuP25Us: cpu.p25,
    cpuMinUs: cpu.min,
    times: cpu.median / plaintextUs,
    perSecond,
  };
}

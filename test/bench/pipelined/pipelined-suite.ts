// Evaluations by the way of asking: one in a call, many in a call, and pipelined on a stream. Server CPU for each, of a
// real evaluator process, beside a bare grpc-js stream that writes the same messages back, in interleaved rounds.

import path from 'node:path';
import process from 'node:process';
import { Installation } from '../../support/installation.ts';
import { TestProcess } from '../../support/process.ts';
import { BenchChild } from '../bench-child.ts';
import { canPin, pinProcess } from '../pin.ts';
import type { Row, SuiteReport } from '../report.ts';
import { sizes } from '../security/sizes.ts';
import { percentile, spread } from '../statistics.ts';
import { cpuNs, cpuTimeMissing } from '../unary/cpu-time.ts';
import { checkedAnswer, createFlags, FLAGS } from '../unary/measured-call.ts';
import type { LoadAnswer, LoadQuestion } from './load-host.ts';
import { SHAPES, type Shape } from './shapes.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
/** Small messages are much work for few evaluations. */
const MESSAGES_MIN = 400;

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly echo: boolean;
}

interface Measured {
  readonly server: Server;
  readonly shape: Shape;
  readonly cpuUs: number[];
  readonly perSecond: number[];
}

export async function runPipelinedSuite(): Promise<SuiteReport> {
  const { requests, callRounds } = sizes();
  const report = {
    name: 'pipelined',
    title: 'Evaluations by the way of asking',
    notes: [
      `One grpc-js client with one connection, ${callRounds} interleaved rounds after a warm-up; CPU time of all threads of the server's process, by evaluation. In flight: 64 messages of 1 evaluation, 32 of 10, 8 of 100.`,
      `${FLAGS} flags as in the unary suite; each evaluation has a context of its own of five attributes, but for "one context". A batch asks one flag for many contexts.`,
      'The bare stream writes each message back as it came and decodes nothing. The client, on a core of its own, sets the pace: a server that waits for it takes more CPU for each message.',
    ],
    columns: [
      { key: 'name', title: 'way of asking' },
      { key: 'cpuMedianUs', title: 'us CPU per evaluation, median', digits: 2 },
      { key: 'cpuP25Us', title: 'p25', digits: 2 },
      { key: 'cpuMinUs', title: 'min', digits: 2 },
      { key: 'floors', title: 'x bare stream', digits: 1 },
      { key: 'perSecond', title: 'evaluations/s, median' },
    ],
  };
  const missing = cpuTimeMissing();
  if (missing !== undefined) return { ...report, rows: [], notRun: missing };
  const pin = canPin();
  const rows = await measure(pin, requests, callRounds);
  const pinning = pin
    ? `Servers ran on core ${SERVER_CORE}, the client on core ${LOAD_CORE}.`
    : 'Servers and client shared all cores.';
  return { ...report, notes: [...report.notes, pinning], rows };
}

async function measure(pin: boolean, requests: number, rounds: number): Promise<Row[]> {
  const installation = await Installation.start({ evaluators: 1 });
  const revision = await createFlags(installation.admin);
  const [evaluator] = installation.evaluators;
  await checkedAnswer(evaluator!.grpcPort, revision);
  const bare = new TestProcess('bare grpc-js stream', process.execPath, [
    path.join(import.meta.dirname, 'echo-server.js'),
  ]);
  const { json: listening } = await bare.waitForLine((line) => line.json?.['port'] !== undefined);
  const servers: readonly Server[] = [
    { name: 'bare stream', pid: pidOf(bare), port: Number(listening?.['port']), echo: true },
    { name: 'evaluator', pid: pidOf(evaluator!.process), port: evaluator!.grpcPort, echo: false },
  ];
  if (pin) for (const { pid } of servers) pinProcess(pid, SERVER_CORE);
  const load = new BenchChild('load-host', pin ? [String(LOAD_CORE)] : []);
  const all: readonly Measured[] = SHAPES.flatMap((shape) =>
    servers
      .filter(({ echo }) => !echo || shape.kind === 'stream')
      .map((server) => ({ server, shape, cpuUs: [], perSecond: [] })),
  );
  for (const one of all) await round(load, one, requests);
  for (const { cpuUs, perSecond } of all) {
    cpuUs.length = 0;
    perSecond.length = 0;
  }
  for (let done = 0; done < rounds; done++) for (const one of all) await round(load, one, requests);
  await load.close();
  await bare.stop();
  return all.map((one) => rowOf(one, all));
}

async function round(
  load: BenchChild,
  { server, shape, cpuUs, perSecond }: Measured,
  requests: number,
): Promise<void> {
  const messages = Math.max(MESSAGES_MIN, Math.ceil(requests / Math.sqrt(shape.evaluations)));
  const question: LoadQuestion = { port: server.port, shape: shape.name, messages, echo: server.echo };
  const before = cpuNs(server.pid);
  const answer = await load.ask<LoadAnswer>(question);
  cpuUs.push((cpuNs(server.pid) - before) / 1e3 / messages / shape.evaluations);
  perSecond.push(answer.perSecond);
}

function rowOf({ server, shape, cpuUs, perSecond }: Measured, all: readonly Measured[]): Row {
  const cpu = spread(cpuUs);
  const bare = all.find((one) => one.server.echo && one.shape === shape);
  return {
    name: server.echo ? `bare stream, ${shape.name}` : shape.name,
    cpuMedianUs: cpu.median,
    cpuP25Us: cpu.p25,
    cpuMinUs: cpu.min,
    ...(server.echo || bare === undefined ? {} : { floors: cpu.median / spread(bare.cpuUs).median }),
    perSecond: percentile(perSecond, 0.5),
  };
}

function pidOf({ pid }: TestProcess): number {
  if (pid === undefined) throw new Error('the process is not running');
  return pid;
}

// Reading right after one's own write: as the evaluator has it, or waiting for the write's revision.

import { EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { Admin } from '../../support/admin.ts';
import { callUnary } from '../../support/grpc-call.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { newPrefix, type StartedNode, startControlPlane, startEvaluator } from './nodes.ts';

const FLAG_KEY = 'measured';
const WARM_UP = 100;
const CHANGES = 300;

export async function measureReads(nats: NatsServer): Promise<SuiteReport> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const controlPlane = await startControlPlane(place, tempDir('tradeoffs'));
  const evaluator = await startEvaluator(place, controlPlane);
  const admin = new Admin(controlPlane.grpcPort);
  await admin.createBoolean(FLAG_KEY);
  const client = new EvaluationServiceClient(`127.0.0.1:${evaluator.grpcPort}`, credentials.createInsecure());
  const reader: Reader = { admin, client, evaluator };
  await readBehindWrites(reader, WARM_UP, 'bounded');
  // A change costs the evaluator as well, read or not.
  const { cpuUs: changeUs } = await readBehindWrites(reader, CHANGES, 'none');
  const rows = [
    await measure('as the evaluator has it', reader, 'plain', changeUs),
    await measure('min_revision of the write', reader, 'bounded', changeUs),
  ];
  client.close();
  await evaluator.process.stop();
  await controlPlane.process.stop();
  return {
    name: 'reads',
    title: 'Trade-offs: reading one’s own write',
    notes: [
      `${CHANGES} times: a flag is switched, and as soon as the write is answered it is evaluated on an evaluator that follows through NATS.`,
      'CPU: of the evaluator; what as many changes cost it without a read is taken off.',
    ],
    columns: [
      { key: 'name', title: 'read' },
      { key: 'p50', title: 'answered, ms p50', digits: 2 },
      { key: 'p99', title: 'p99', digits: 2 },
      { key: 'cpuUs', title: 'CPU of the evaluator, us per read' },
      { key: 'older', title: 'answers older than the write, %', digits: 1 },
    ],
    rows,
  };
}

interface Reader {
  readonly admin: Admin;
  readonly client: EvaluationServiceClient;
  readonly evaluator: StartedNode;
}

/** Bounded by the revision of the write, or as the evaluator has it, or nothing read at all. */
type Reading = 'bounded' | 'plain' | 'none';

interface Behind {
  readonly answeredMs: readonly number[];
  /** Answers that did not hold the write. */
  readonly older: number;
  /** Of the evaluator, per turn. */
  readonly cpuUs: number;
}

async function measure(name: string, reader: Reader, reading: Reading, changeUs: number): Promise<Row> {
  const { answeredMs, older, cpuUs } = await readBehindWrites(reader, CHANGES, reading);
  return {
    name,
    p50: percentile(answeredMs, 0.5),
    p99: percentile(answeredMs, 0.99),
    cpuUs: cpuUs - changeUs,
    older: (100 * older) / CHANGES,
  };
}

async function readBehindWrites(
  { admin, client, evaluator }: Reader,
  turns: number,
  reading: Reading,
): Promise<Behind> {
  const answeredMs: number[] = [];
  let older = 0;
  const cpuBefore = cpuNs(evaluator.process.pid!);
  for (let turn = 0; turn < turns; turn++) {
    const { epoch, revision } = await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
    if (reading === 'none') continue;
    const bound = { epoch, revision: BigInt(revision), hash: Buffer.alloc(0) };
    const sentMs = performance.now();
    const answer = await callUnary(client, client.evaluate, {
      flagKey: FLAG_KEY,
      context: { targetingKey: 'user-17' },
      expectedKind: 0,
      minRevision: reading === 'bounded' ? bound : undefined,
      allowStale: false,
    });
    answeredMs.push(performance.now() - sentMs);
    if (Number(answer.revision) < revision) older++;
  }
  return { answeredMs, older, cpuUs: (cpuNs(evaluator.process.pid!) - cpuBefore) / 1000 / turns };
}

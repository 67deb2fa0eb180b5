// Reading right after one's own write: as the evaluator has it, or waiting for the write's revision.

import { EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { Admin } from '../../support/admin.ts';
import { callUnary } from '../../support/grpc-call.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { newPrefix, startControlPlane, startEvaluator } from './nodes.ts';

const FLAG_KEY = 'measured';
const CHANGES = 300;

export async function measureReads(nats: NatsServer): Promise<SuiteReport> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const controlPlane = await startControlPlane(place, tempDir('tradeoffs'));
  const evaluator = await startEvaluator(place, controlPlane);
  const admin = new Admin(controlPlane.grpcPort);
  await admin.createBoolean(FLAG_KEY);
  const client = new EvaluationServiceClient(`127.0.0.1:${evaluator.grpcPort}`, credentials.createInsecure());
  const rows = [
    await measure('as the evaluator has it', admin, client, false),
    await measure('min_revision of the write', admin, client, true),
  ];
  client.close();
  await evaluator.process.stop();
  await controlPlane.process.stop();
  return {
    name: 'reads',
    title: 'Trade-offs: reading one’s own write',
    notes: [
      `${CHANGES} times: a flag is switched, and as soon as the write is answered it is evaluated on an evaluator that follows through NATS.`,
    ],
    columns: [
      { key: 'name', title: 'read' },
      { key: 'p50', title: 'answered, ms p50', digits: 2 },
      { key: 'p99', title: 'p99', digits: 2 },
      { key: 'older', title: 'answers older than the write, %', digits: 1 },
    ],
    rows,
  };
}

async function measure(
  name: string,
  admin: Admin,
  client: EvaluationServiceClient,
  waits: boolean,
): Promise<Row> {
  const answeredMs: number[] = [];
  let older = 0;
  for (let turn = 0; turn < CHANGES; turn++) {
    const { epoch, revision } = await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
    const minRevision = waits ? { epoch, revision: BigInt(revision), hash: Buffer.alloc(0) } : undefined;
    const sentMs = performance.now();
    const answer = await callUnary(client, client.evaluate, {
      flagKey: FLAG_KEY,
      context: { targetingKey: 'user-17' },
      expectedKind: 0,
      minRevision,
      allowStale: false,
    });
    answeredMs.push(performance.now() - sentMs);
    if (Number(answer.revision) < revision) older++;
  }
  const [p50, p99] = [percentile(answeredMs, 0.5), percentile(answeredMs, 0.99)];
  return { name, p50, p99, older: (100 * older) / CHANGES };
}

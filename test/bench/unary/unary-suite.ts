// Unary evaluations of a real evaluator process beside a bare grpc-js server that answers the same messages.

import {
  EvaluateResponse,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Installation } from '../../support/installation.ts';
import type { SuiteReport } from '../report.ts';
import { pidOf, startBareGrpc } from './bare-process.ts';
import {
  checkedAnswer,
  createFlags,
  FLAGS,
  leastBytes,
  measuringNeeds,
  REQUEST_BYTES,
} from './measured-call.ts';
import { PAIR_COLUMNS, PAIR_NOTES, pairRows, pinningNote } from './paired-rounds.ts';

export async function runUnarySuite(): Promise<SuiteReport> {
  const report = {
    name: 'unary',
    title: 'Unary evaluations over gRPC',
    notes: [
      ...PAIR_NOTES,
      `${FLAGS} flags, each one attribute equality before a 50 % split; the context has five attributes.`,
    ],
    columns: PAIR_COLUMNS,
  };
  const found = measuringNeeds();
  if (typeof found === 'string') return { ...report, rows: [], notRun: found };
  const installation = await Installation.start({ evaluators: 1 });
  const revision = await createFlags(installation.admin);
  const { process: evaluator, grpcPort: port } = installation.evaluators[0]!;
  const answer = await checkedAnswer(port, revision);
  const bare = await startBareGrpc('Evaluate', EvaluateResponse.toJSON(answer));
  const { rows } = await pairRows(found, {
    protocol: 'grpc',
    path: EvaluationServiceService.evaluate.path,
    request: REQUEST_BYTES,
    answerBytesMin: leastBytes(answer),
    bare: { ...bare, name: 'bare grpc-js, Evaluate' },
    ours: { name: 'evaluator, Evaluate', pid: pidOf(evaluator), port },
  });
  return { ...report, notes: [...report.notes, pinningNote()], rows };
}

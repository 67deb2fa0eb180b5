// Calls by flagd's contracts, each beside a bare server of the same messages.

import {
  ResolveBooleanRequest,
  ResolveBooleanResponse,
  ServiceClient,
  ServiceService,
} from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { credentials } from '@grpc/grpc-js';
import { callUnary } from '../../support/grpc-call.ts';
import { Installation } from '../../support/installation.ts';
import type { SuiteReport } from '../report.ts';
import {
  checkedAnswer,
  createFlags,
  FLAGS,
  MEASURED_REQUEST,
  measuringNeeds,
} from '../unary/measured-call.ts';
import { PAIR_COLUMNS, PAIR_NOTES, pairRows, pidOf, pinningNote } from '../unary/paired-rounds.ts';

export async function runFlagdSuite(): Promise<SuiteReport> {
  const report = {
    name: 'flagd',
    title: 'Unary evaluations by flagd’s contract',
    notes: [
      ...PAIR_NOTES,
      `${FLAGS} flags, each one attribute equality before a 50 % split; the context has five attributes.`,
      'A flagd beside it is not run yet.',
    ],
    columns: PAIR_COLUMNS,
  };
  const found = measuringNeeds();
  if (typeof found === 'string') return { ...report, rows: [], notRun: found };
  const installation = await Installation.start({ evaluators: 1 });
  const revision = await createFlags(installation.admin);
  const { process: evaluator, grpcPort: port } = installation.evaluators[0]!;
  await checkedAnswer(port, revision);
  const { flagKey, context } = MEASURED_REQUEST;
  const answer = await resolved(port, { flagKey, context });
  const rows = await pairRows(found, {
    name: 'evaluator, ResolveBoolean',
    call: 'ResolveBoolean',
    path: ServiceService.resolveBoolean.path,
    request: ResolveBooleanRequest.encode({ flagKey, context }).finish(),
    answer: ResolveBooleanResponse.toJSON(answer),
    answerBytesMin: ResolveBooleanResponse.encode(answer).finish().length,
    ours: { pid: pidOf(evaluator), port },
  });
  return { ...report, notes: [...report.notes, pinningNote()], rows };
}

/** @throws Error when the evaluator answers anything but what the flag says */
async function resolved(port: number, request: ResolveBooleanRequest): Promise<ResolveBooleanResponse> {
  const client = new ServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const answer = await callUnary(client, client.resolveBoolean, request);
    if (answer.value !== true || answer.variant !== 'on' || answer.reason !== 'SPLIT')
      throw new Error(
        `the evaluator answers wrongly: ${JSON.stringify(ResolveBooleanResponse.toJSON(answer))}`,
      );
    return answer;
  } finally {
    client.close();
  }
}

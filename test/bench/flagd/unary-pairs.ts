// Calls by flagd's contract and requests of OFREP, each beside a bare server of the same messages and a real flagd.

import {
  ResolveBooleanRequest,
  ResolveBooleanResponse,
  ServiceClient,
  ServiceService,
} from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { FlagSyncServiceClient } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { credentials } from '@grpc/grpc-js';
import { freePort } from '../../support/free-port.ts';
import { callUnary } from '../../support/grpc-call.ts';
import { Installation } from '../../support/installation.ts';
import { noBinary, peerBinary } from '../peers/peer-binary.ts';
import type { Row, SuiteReport } from '../report.ts';
import { sizeFrom } from '../security/sizes.ts';
import { pidOf, startBareGrpc, startBareHttp } from '../unary/bare-process.ts';
import {
  checkedAnswer,
  createFlags,
  FLAGS,
  MEASURED_REQUEST,
  measuringNeeds,
} from '../unary/measured-call.ts';
import {
  PAIR_COLUMNS,
  PAIR_NOTES,
  type Paired,
  type PairFigures,
  pairRows,
  pinningNote,
} from '../unary/paired-rounds.ts';
import { RealFlagd } from './real-flagd.ts';

export type UnaryCall = 'ResolveBoolean' | 'OFREP, one flag' | 'OFREP, 100 flags';
export type UnaryFigures = Partial<Readonly<Record<UnaryCall, PairFigures>>>;

const { flagKey, context } = MEASURED_REQUEST;
const OFREP_PATH = '/ofrep/v1/evaluate/flags';
const OFREP_REQUEST = Buffer.from(JSON.stringify({ context }));
/** A request for all flags takes as long as many for one. */
const BULK_REQUESTS = 2_000;
/** Of what another server says about a flag, the least that is an answer: key and value. */
const PEER_ANSWER_BYTES_MIN = 4;

export async function measureUnaryPairs(): Promise<{
  readonly report: SuiteReport;
  readonly figures: UnaryFigures;
}> {
  const report = {
    name: 'flagd',
    title: 'Unary evaluations by flagd’s contract, and OFREP',
    notes: [
      ...PAIR_NOTES,
      'OFREP: 64 connections of HTTP/1.1, one request at a time; the bare server is node:http, which parses the same body and encodes the same document anew for each request.',
      `${FLAGS} flags, each one attribute equality before a 50 % split; the context has five attributes. A flagd has the same flags, as our flagd.sync.v1 tells them.`,
    ],
    columns: PAIR_COLUMNS,
  };
  const found = measuringNeeds();
  if (typeof found === 'string') return { report: { ...report, rows: [], notRun: found }, figures: {} };
  const [syncPort, ofrepPort] = [await freePort(), await freePort()];
  const settings = [`--sync-port=${syncPort}`, `--ofrep-port=${ofrepPort}`];
  const installation = await Installation.start({ evaluators: 1, settings });
  const revision = await createFlags(installation.admin);
  const { process: evaluator, grpcPort } = installation.evaluators[0]!;
  await checkedAnswer(grpcPort, revision);
  const binary = peerBinary('FLAGD_BIN');
  const flagd = binary === undefined ? undefined : await RealFlagd.start(binary, await document(syncPort));
  if (flagd !== undefined) await resolved(flagd.grpcPort);

  const rows: Row[] = [];
  const figures: Partial<Record<UnaryCall, PairFigures>> = {};
  for (const [call, pair] of [
    ['ResolveBoolean', await resolveBoolean(grpcPort)],
    ['OFREP, one flag', await ofrep(ofrepPort, `${OFREP_PATH}/${flagKey}`, 'one flag')],
    ['OFREP, 100 flags', await ofrep(ofrepPort, OFREP_PATH, '100 flags')],
  ] as const) {
    const port = pair.protocol === 'grpc' ? grpcPort : ofrepPort;
    const peerPort = pair.protocol === 'grpc' ? flagd?.grpcPort : flagd?.ofrepPort;
    const measured = await pairRows(found, {
      ...pair,
      ours: { name: `evaluator, ${call}`, pid: pidOf(evaluator), port },
      ...(flagd === undefined || peerPort === undefined
        ? {}
        : {
            peer: {
              ...{ name: `flagd, ${call}`, pid: flagd.pid, port: peerPort },
              answerBytesMin: PEER_ANSWER_BYTES_MIN,
            },
          }),
    });
    rows.push(...measured.rows);
    if (flagd === undefined) rows.push({ name: `flagd, ${call}: ${noBinary('FLAGD_BIN')}` });
    figures[call] = measured.figures;
  }
  return { report: { ...report, notes: [...report.notes, pinningNote()], rows }, figures };
}

type Unplaced = Omit<Paired, 'ours' | 'peer'>;

async function resolveBoolean(port: number): Promise<Unplaced> {
  const answer = await resolved(port);
  const bare = await startBareGrpc('ResolveBoolean', ResolveBooleanResponse.toJSON(answer));
  return {
    protocol: 'grpc',
    path: ServiceService.resolveBoolean.path,
    request: ResolveBooleanRequest.encode({ flagKey, context }).finish(),
    answerBytesMin: ResolveBooleanResponse.encode(answer).finish().length,
    bare: { ...bare, name: 'bare grpc-js, ResolveBoolean' },
  };
}

async function ofrep(port: number, path: string, what: string): Promise<Unplaced> {
  const text = await ofrepAnswer(port, path);
  const bare = await startBareHttp(JSON.parse(text));
  return {
    ...{ protocol: 'http', path, request: OFREP_REQUEST, answerBytesMin: Buffer.byteLength(text) },
    ...(path === OFREP_PATH ? { requests: sizeFrom('BENCH_REQUESTS', BULK_REQUESTS) } : {}),
    bare: { ...bare, name: `bare node:http, OFREP, ${what}` },
  };
}

/** @throws Error when the answer is not what the flags say */
async function ofrepAnswer(port: number, path: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'identity' };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...{ method: 'POST', headers, body: OFREP_REQUEST },
  });
  const text = await response.text();
  const body = JSON.parse(text) as { flags?: readonly object[] };
  const items = path === OFREP_PATH ? (body.flags ?? []) : [body];
  const measured = items.find((item) => 'key' in item && item.key === flagKey);
  const isRight = measured !== undefined && 'value' in measured && measured.value === true;
  if (!response.ok || !isRight || items.length !== (path === OFREP_PATH ? FLAGS : 1))
    throw new Error(`OFREP answers wrongly (${response.status}): ${text.slice(0, 200)}`);
  return text;
}

/** @throws Error when the server answers anything but what the flag says */
async function resolved(port: number): Promise<ResolveBooleanResponse> {
  const client = new ServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const answer = await callUnary(client, client.resolveBoolean, { flagKey, context });
    if (answer.value !== true || answer.variant !== 'on')
      throw new Error(
        `ResolveBoolean answers wrongly: ${JSON.stringify(ResolveBooleanResponse.toJSON(answer))}`,
      );
    return answer;
  } finally {
    client.close();
  }
}

/** The flags as flagd's document. */
async function document(syncPort: number): Promise<string> {
  const client = new FlagSyncServiceClient(`127.0.0.1:${syncPort}`, credentials.createInsecure());
  try {
    const request = { providerId: '', selector: '' };
    return (await callUnary(client, client.fetchAllFlags, request)).flagConfiguration;
  } finally {
    client.close();
  }
}

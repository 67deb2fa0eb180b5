// The floor of a unary evaluation on this stack: grpc-js and nothing else, the same messages, one constant
// answer, encoded anew for each call. Prints {"port":N} when it listens.
//
// `node bare-server.js VALUE_JSON`: the bytes to answer with are those of EvaluateResponse.fromJSON(VALUE).

import process from 'node:process';
import {
  EvaluateResponse,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';

const answer = EvaluateResponse.fromJSON(JSON.parse(process.argv[2] ?? '{}'));
const { evaluate } = EvaluationServiceService;

const server = new Server({ 'grpc.enable_channelz': 0 });
server.addService(
  { evaluate },
  { evaluate: (_call: unknown, callback: sendUnaryData<EvaluateResponse>) => callback(null, answer) },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());

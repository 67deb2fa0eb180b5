// The floor of a unary call on this stack: grpc-js and nothing else, the same messages, one constant answer, encoded
// anew for each call. Prints {"port":N} when it listens.
//
// `node bare-server.js CALL VALUE_JSON`: CALL is one of bare-calls.ts, VALUE_JSON its answer.

import process from 'node:process';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { BARE_CALLS, type BareCall } from './bare-calls.ts';

const [call, json] = process.argv.slice(2);
const { definition, answerOf } = BARE_CALLS[call as BareCall];
const answer = answerOf(JSON.parse(json ?? '{}'));

const server = new Server({ 'grpc.enable_channelz': 0 });
const methods = Object.keys(definition).map((name) => [
  name,
  (_call: unknown, callback: sendUnaryData<unknown>) => callback(null, answer),
]);
server.addService(definition, Object.fromEntries(methods));
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());

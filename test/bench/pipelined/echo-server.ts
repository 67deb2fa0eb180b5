// The floor of a stream on this stack: grpc-js and nothing else, each message written back as it came, not decoded.
// Prints {"port":N} when it listens.

import process from 'node:process';
import { EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

const asItIs = (bytes: Buffer): Buffer => bytes;
const evaluateStream = {
  ...EvaluationServiceService.evaluateStream,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
};

const server = new Server({ 'grpc.enable_channelz': 0 });
server.addService(
  { evaluateStream },
  {
    evaluateStream: (stream: ServerDuplexStream<Buffer, Buffer>) => {
      stream.on('data', (bytes: Buffer) => stream.write(bytes));
      stream.on('end', () => stream.end());
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());

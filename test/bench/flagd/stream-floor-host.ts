// The floor of a server stream on this stack: a bare grpc-js server that writes to each stream what an evaluator wrote,
// and knows nothing of it. Started with --expose-gc.

import process from 'node:process';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { machineMs } from '../../load/machine-clock.ts';
import { answerQuestions } from '../answer-questions.ts';
import { restingMemory } from '../resting-memory.ts';

export type StreamFloorQuestion =
  /** Each stream begins with these messages, in base64. */
  | { readonly ask: 'start'; readonly path: string; readonly first: readonly string[] }
  /** To all; answers when the first was written to, by the machine's clock. */
  | { readonly ask: 'push'; readonly message: string }
  | { readonly ask: 'memory' };

export interface StartedStreamFloor {
  readonly pid: number;
  readonly port: number;
}

type FloorStream = ServerWritableStream<Buffer, Buffer>;

const asBytes = (bytes: Buffer): Buffer => bytes;
const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64');
/** As many as an evaluator writes before it lets the event loop run. */
const WRITES_BEFORE_YIELD = 200;

const streams = new Set<FloorStream>();

answerQuestions<StreamFloorQuestion>((question) => {
  if (question.ask === 'start') return start(question.path, question.first.map(fromBase64));
  return question.ask === 'push' ? push(fromBase64(question.message)) : restingMemory();
});

function start(path: string, first: readonly Buffer[]): Promise<StartedStreamFloor> {
  const stream = (call: FloorStream): void => {
    streams.add(call);
    for (const message of first) call.write(message);
    call.on('cancelled', () => streams.delete(call));
  };
  const method = {
    path,
    requestStream: false,
    responseStream: true,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService({ stream: method }, { stream });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ pid: process.pid, port });
      else reject(error);
    });
  });
}

async function push(message: Buffer): Promise<number> {
  const startedMs = machineMs();
  let written = 0;
  for (const stream of streams) {
    stream.write(message);
    if (++written % WRITES_BEFORE_YIELD === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return startedMs;
}

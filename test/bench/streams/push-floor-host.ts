// The floor of a push on this stack: a bare grpc-js server that writes to each stream the frames that an evaluator wrote,
// and knows nothing of them. What clients say after their first frame is read and left. Started with --expose-gc.

import process from 'node:process';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { machineMs } from '../../load/machine-clock.ts';
import { answerQuestions } from '../answer-questions.ts';
import { restingMemory } from '../resting-memory.ts';

export type FloorQuestion =
  /** Each stream begins with these frames, in base64. */
  | { readonly ask: 'start'; readonly opening: readonly string[] }
  /** To all; answers when the first was written to, by the machine's clock. */
  | { readonly ask: 'push'; readonly frames: readonly string[] }
  | { readonly ask: 'memory' };

export interface StartedFloor {
  readonly pid: number;
  readonly port: number;
}

type FloorStream = ServerDuplexStream<Buffer, Buffer>;

const asBytes = (bytes: Buffer): Buffer => bytes;
const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64');
/** As many as an evaluator writes before it lets the event loop run. */
const WRITES_BEFORE_YIELD = 200;

const streams = new Set<FloorStream>();

answerQuestions<FloorQuestion>((question) => {
  if (question.ask === 'start') return start(question.opening.map(fromBase64));
  return question.ask === 'push' ? push(question.frames.map(fromBase64)) : restingMemory();
});

function start(opening: readonly Buffer[]): Promise<StartedFloor> {
  const sync = (stream: FloorStream): void => {
    streams.add(stream);
    stream.once('data', () => {
      for (const frame of opening) stream.write(frame);
    });
    stream.resume();
    stream.on('end', () => stream.end());
    stream.on('close', () => streams.delete(stream));
    stream.on('cancelled', () => streams.delete(stream));
  };
  const { path } = StreamServiceService.sync;
  const method = {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService({ sync: method }, { sync });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ pid: process.pid, port });
      else reject(error);
    });
  });
}

async function push(frames: readonly Buffer[]): Promise<number> {
  const startedMs = machineMs();
  let written = 0;
  for (const stream of streams) {
    for (const frame of frames) stream.write(frame);
    if (++written % WRITES_BEFORE_YIELD === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return startedMs;
}

// The floor of a server stream on this stack: a bare grpc-js server that writes to each stream what an evaluator wrote,
// and knows nothing of it. What clients say after their first message is read and left. Started with --expose-gc.

import process from 'node:process';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { machineMs } from '../load/machine-clock.ts';
import { answerQuestions } from './answer-questions.ts';
import { restingMemory } from './resting-memory.ts';

export type StreamFloorQuestion =
  /** Each stream begins with these messages, in base64. */
  | {
      readonly ask: 'start';
      readonly path: string;
      /** Clients stream as well. */
      readonly duplex: boolean;
      readonly first: readonly string[];
    }
  /** To all; answers when the first was written to, by the machine's clock. */
  | { readonly ask: 'push'; readonly messages: readonly string[] }
  | { readonly ask: 'memory' };

export interface StartedStreamFloor {
  readonly pid: number;
  readonly port: number;
}

type DuplexStream = ServerDuplexStream<Buffer, Buffer>;
type FloorStream = ServerWritableStream<Buffer, Buffer> | DuplexStream;

const asBytes = (bytes: Buffer): Buffer => bytes;
const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64');
/** As many as an evaluator writes before it lets the event loop run. */
const WRITES_BEFORE_YIELD = 200;

const streams = new Set<FloorStream>();

answerQuestions<StreamFloorQuestion>((question) => {
  if (question.ask === 'start') return start(question.path, question.duplex, question.first.map(fromBase64));
  return question.ask === 'push' ? push(question.messages.map(fromBase64)) : restingMemory();
});

function start(path: string, duplex: boolean, first: readonly Buffer[]): Promise<StartedStreamFloor> {
  const begin = (stream: FloorStream): void => {
    for (const message of first) stream.write(message);
  };
  const known = (stream: FloorStream): void => {
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
    stream.on('cancelled', () => streams.delete(stream));
  };
  const both = (stream: DuplexStream): void => {
    known(stream);
    stream.once('data', () => begin(stream));
    stream.resume();
    stream.on('end', () => stream.end());
  };
  const down = (stream: ServerWritableStream<Buffer, Buffer>): void => {
    known(stream);
    begin(stream);
  };
  const method = {
    path,
    requestStream: duplex,
    responseStream: true,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService({ stream: method }, { stream: duplex ? both : down });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ pid: process.pid, port });
      else reject(error);
    });
  });
}

async function push(messages: readonly Buffer[]): Promise<number> {
  const startedMs = machineMs();
  let written = 0;
  for (const stream of streams) {
    for (const message of messages) stream.write(message);
    if (++written % WRITES_BEFORE_YIELD === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return startedMs;
}

// The load of the pipelined suite, in a process of its own: messages that were encoded before, so many in flight,
// each answer looked at as far as it takes to know that it is one.
//
// `node load-host.js [CORE]` stays on that core.

import process from 'node:process';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { answerQuestions } from '../answer-questions.ts';
import { pinProcess } from '../pin.ts';
import { type Shape, shapeNamed } from './shapes.ts';

export interface LoadQuestion {
  readonly port: number;
  readonly shape: string;
  readonly messages: number;
  /** The server writes back what it got. */
  readonly echo: boolean;
}

export interface LoadAnswer {
  readonly perSecond: number;
}

/** Fields of an answer, or of a request that comes back. */
interface Fields {
  readonly id: number;
  readonly each: number;
}
const ANSWER: Fields = { id: 2, each: 1 };
const REQUEST: Fields = { id: 1, each: 2 };
const ERROR_FIELD = 7;

const [core] = process.argv.slice(2);
if (core !== undefined) pinProcess(process.pid, Number(core));

const asItIs = (bytes: Buffer): Buffer => bytes;
const clients = new Map<number, Client>();

answerQuestions<LoadQuestion>(async (question) => {
  const shape = shapeNamed(question.shape);
  const client = clientOf(question.port);
  const requests = Array.from({ length: shape.inFlight }, (_, id) => Buffer.from(shape.request(id)));
  const began = performance.now();
  const load = { client, shape, requests, messages: question.messages };
  if (shape.kind === 'unary') await unaryLoad(load);
  else await streamLoad(load, question.echo ? REQUEST : ANSWER);
  const seconds = (performance.now() - began) / 1_000;
  return { perSecond: (question.messages * shape.evaluations) / seconds } satisfies LoadAnswer;
});

interface Load {
  readonly client: Client;
  readonly shape: Shape;
  readonly requests: readonly Buffer[];
  readonly messages: number;
}

/** One connection for each server, as a service has. */
function clientOf(port: number): Client {
  let client = clients.get(port);
  if (client === undefined) {
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.enable_channelz': 0 });
    clients.set(port, client);
  }
  return client;
}

function unaryLoad({ client, shape, requests, messages }: Load): Promise<void> {
  return new Promise((resolve, reject) => {
    let [begun, ended] = [0, 0];
    const ask = (slot: number): void => {
      begun += 1;
      client.makeUnaryRequest(shape.path, asItIs, asItIs, requests[slot]!, (error, answer) => {
        // A server that is late, as on a machine that others use, turns calls away; they are made again.
        if (error?.code === status.RESOURCE_EXHAUSTED) {
          begun -= 1;
          return setImmediate(ask, slot);
        }
        if (error !== null) return reject(error);
        // A result says its flag's key, its variant and its rule.
        if (answer!.length < 10 * shape.evaluations) return reject(new Error('an answer is too short'));
        ended += 1;
        if (ended === messages) resolve();
        else if (begun < messages) ask(slot);
      });
    };
    for (let slot = 0; slot < Math.min(shape.inFlight, messages); slot++) ask(slot);
  });
}

function streamLoad({ client, shape, requests, messages }: Load, fields: Fields): Promise<void> {
  return new Promise((resolve, reject) => {
    let [begun, ended] = [0, 0];
    const waiting = new Set<number>();
    const call = client.makeBidiStreamRequest(shape.path, asItIs, asItIs);
    const ask = (slot: number): void => {
      begun += 1;
      waiting.add(slot);
      call.write(requests[slot]!);
    };
    call.on('data', (answer: Buffer) => {
      try {
        const slot = answered(answer, fields, shape.evaluations);
        if (!waiting.delete(slot)) throw new Error(`an answer to ${slot}, which was not asked`);
        ended += 1;
        if (ended === messages) call.end();
        else if (begun < messages) ask(slot);
      } catch (error) {
        call.cancel();
        reject(error);
      }
    });
    call.on('error', (error: ServiceError) => reject(error));
    call.on('end', () =>
      ended === messages ? resolve() : reject(new Error(`${ended} answers of ${messages}`)),
    );
    for (let slot = 0; slot < Math.min(shape.inFlight, messages); slot++) ask(slot);
  });
}

/** The id of an answer with so many results. */
function answered(bytes: Buffer, { id: idField, each }: Fields, results: number): number {
  const reader = new BinaryReader(bytes);
  let [id, found] = [0, 0];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === ERROR_FIELD) throw new Error('a message was refused');
    if (field === each) found += 1;
    if (field === idField && wireType === WireType.Varint) id = reader.uint32();
    else reader.skip(wireType, field);
  }
  if (found !== results) throw new Error(`${found} results of ${results}`);
  return id;
}

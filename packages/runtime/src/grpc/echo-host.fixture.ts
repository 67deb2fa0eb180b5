/**
 * For tests: a host that serves test.Echo on a free port, and a client of it.
 */
import { get } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { HealthCheckResponse, HealthClient } from '@flagstream/protocol/gen/grpc/health/v1/health';
import * as grpc from '@grpc/grpc-js';
import { afterEach } from 'vitest';
import { HealthState } from '../health/health-state.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';
import { GrpcHost, type GrpcHostOptions } from './grpc-host.ts';
import { type BidiHandler, bidi, serverStream, unary } from './handler.ts';
import { loopbackPrincipal } from './principal.ts';
import type { ServiceBinding } from './service-binding.ts';

export interface Text {
  readonly text: string;
}

export const codec = {
  serialize: (message: Text): Buffer => Buffer.from(JSON.stringify(message)),
  deserialize: (bytes: Buffer): Text => JSON.parse(bytes.toString()) as Text,
};

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Text, Text> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: codec.serialize,
    requestDeserialize: codec.deserialize,
    responseSerialize: codec.serialize,
    responseDeserialize: codec.deserialize,
  };
}

export const EchoService = {
  say: method('Say', false, false),
  tell: method('Tell', false, true),
  chat: method('Chat', true, true),
};

export const policy = { say: 'evaluate', tell: 'sync', chat: 'sync' } as const;

export const quiet: BidiHandler = bidi((stream) => {
  stream.on('end', () => stream.end()).resume();
});

export const echo: ServiceBinding = {
  definition: EchoService,
  policy,
  handlers: {
    say: unary<Text, Text>(({ text }) => ({ text })),
    tell: serverStream<Text, Text>(({ text }, stream) => {
      stream.write({ text });
      stream.end();
    }),
    chat: bidi<Text, Text>((stream) => {
      stream.on('data', (message: Text) => stream.write(message));
      stream.on('end', () => stream.end());
    }),
  },
};

/** Everything a test opened, closed in reverse order. */
export const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** HTTP/2 to a host without a gRPC client: for tests of what such a client would hide. */
export function rawSession(port: number, options: ClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, options);
  opened.push(() => session.destroy());
  return session;
}

/** A call of one of Echo's methods by its name, whose body the test sends. */
export function rawCall(
  session: ClientHttp2Session,
  name: 'Say' | 'Tell' | 'Chat',
  headers: OutgoingHttpHeaders = {},
): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': `/test.Echo/${name}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
}

/** One message of a body. */
export function framedText(text: string): Buffer {
  const message = codec.serialize({ text });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export interface Running {
  readonly host: GrpcHost;
  readonly port: number;
  readonly metrics: Metrics;
  readonly health: HealthState;
  readonly client: grpc.Client;
  readonly logs: Record<string, unknown>[];
}

export async function start(
  services: readonly ServiceBinding[] = [echo],
  options: Partial<GrpcHostOptions> = {},
): Promise<Running> {
  const metrics = new Metrics();
  const health = new HealthState();
  const logs: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'debug',
    service: 'test',
    version: '0',
    nodeId: 'n',
    destination: { write: (line) => logs.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const host = new GrpcHost({
    name: 'test',
    logger,
    metrics,
    authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
    services,
    health,
    ...options,
  });
  const { port } = await host.listen({ host: '127.0.0.1', port: 0 });
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  opened.push(
    () => host.drain(0),
    () => client.close(),
  );
  return { host, port, metrics, health, client, logs };
}

export function say(
  client: grpc.Client,
  text: string,
  metadata = new grpc.Metadata(),
  options: grpc.CallOptions = {},
): Promise<Text> {
  return new Promise((resolve, reject) => {
    const { path } = EchoService.say;
    client.makeUnaryRequest(
      path,
      codec.serialize,
      codec.deserialize,
      { text },
      metadata,
      options,
      (error, answer) => {
        if (error) reject(error);
        else resolve(answer!);
      },
    );
  });
}

export function tell(client: grpc.Client, text: string): grpc.ClientReadableStream<Text> {
  return client.makeServerStreamRequest(EchoService.tell.path, codec.serialize, codec.deserialize, { text });
}

export function chat(client: grpc.Client): grpc.ClientDuplexStream<Text, Text> {
  return client.makeBidiStreamRequest(EchoService.chat.path, codec.serialize, codec.deserialize);
}

export async function read(stream: grpc.ClientReadableStream<Text>): Promise<Text[]> {
  const all: Text[] = [];
  for await (const message of stream) all.push(message as Text);
  return all;
}

export async function failure(promise: Promise<unknown>): Promise<grpc.ServiceError> {
  try {
    await promise;
  } catch (error) {
    return error as grpc.ServiceError;
  }
  throw new Error('the call succeeded');
}

export function check(client: InstanceType<typeof HealthClient>, service: string): Promise<number> {
  return new Promise((resolve, reject) =>
    client.check({ service }, (error, answer) => (error ? reject(error) : resolve(answer.status))),
  );
}

/** A stream that is known to be open on the server. */
export function openChat(client: grpc.Client): grpc.ClientDuplexStream<Text, Text> {
  const stream = chat(client);
  stream.on('error', () => undefined);
  stream.write({ text: 'open' });
  return stream;
}

export function reader(stream: grpc.ClientReadableStream<HealthCheckResponse>): { next(): Promise<number> } {
  stream.on('error', () => undefined);
  const iterator = stream[Symbol.asyncIterator]();
  return { next: async () => ((await iterator.next()).value as HealthCheckResponse).status };
}

export function httpGet(port: number, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });
}

export function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

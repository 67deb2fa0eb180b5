// A stream of hand-made frames against a real HTTP/2 server.

import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { BareStream } from './bare-stream.ts';
import { framed, MessageReader } from './message-reader.ts';

async function startServer(serve: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    serve(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hold({ what: 'http2 server', release: () => void server.close(), releaseNow: () => undefined });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers each message with it, and the end with a status. */
function echo(status: Readonly<Record<string, string>>): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    const reader = new MessageReader();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(status));
    stream.on('data', (chunk: Buffer) => {
      for (const message of reader.take(chunk)) stream.write(framed(message));
    });
    stream.on('end', () => stream.end());
  };
}

interface Seen {
  readonly stream: BareStream;
  readonly lengths: number[];
  readonly ends: (Error | undefined)[];
}

function call(endpoint: string): Seen {
  const [lengths, ends]: [number[], (Error | undefined)[]] = [[], []];
  const stream = new BareStream(
    endpoint,
    '/test.Echo/Say',
    {},
    {
      message: (bytes) => lengths.push(bytes.length),
      ended: (error) => ends.push(error),
    },
  );
  hold({ what: 'a stream', release: () => stream.cancel(), releaseNow: () => undefined });
  return { stream, lengths, ends };
}

test('messages of any length go both ways, beyond every window, and the end has a status', async () => {
  const { stream, lengths, ends } = call(await startServer(echo({ 'grpc-status': '0' })));
  const sent = [0, 1, 1_000, 16_000, 16_000, 16_000, 16_000, 16_000, 16_000, 16_000];
  for (const length of sent) stream.send(Buffer.alloc(length));
  await until(() => lengths.length === sent.length, { what: 'all of them' });
  stream.end();
  await until(() => ends.length === 1, { what: 'the end' });
  expect([lengths, ends]).toEqual([sent, [undefined]]);
});

test('a status is read with every character that it may have', async () => {
  const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));
  // Spaces at its ends would be no part of it.
  const message = `<${printable}>`;
  const status = { 'grpc-status': '8', 'grpc-message': message.replace('%', '%25') };
  const { stream, ends } = call(await startServer(echo(status)));
  stream.end();
  await until(() => ends.length === 1, { what: 'the end' });
  expect(ends[0]).toMatchObject({ reason: 'OVERLOADED', message });
});

test('a connection that is lost, refused, or left ends the stream once', async () => {
  const lost = call(await startServer((stream) => stream.session?.destroy()));
  await until(() => lost.ends.length === 1, { what: 'the loss' });
  const reset = call(await startServer((stream) => stream.close(8)));
  await until(() => reset.ends.length === 1, { what: 'the reset' });
  const left = call(await startServer(echo({ 'grpc-status': '0' })));
  left.stream.cancel();
  await until(() => left.ends.length === 1, { what: 'the leave' });
  expect([lost, reset, left].map(({ ends }) => ends)).toMatchObject([
    [{ reason: 'UNREACHABLE' }],
    [{ reason: 'UNREACHABLE' }],
    [{ reason: 'CANCELLED' }],
  ]);
});

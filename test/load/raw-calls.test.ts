// Hand-made frames against a real HTTP/2 server.

import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { framed } from './message-reader.ts';
import { type CallEnd, RawCalls } from './raw-calls.ts';

/** A gRPC server that takes three calls at once and refuses each third. */
async function startServer(): Promise<{ port: number; heard: string[]; most: () => number }> {
  const heard: string[] = [];
  let [calls, open, most] = [0, 0, 0];
  const server = createServer({ settings: { maxConcurrentStreams: 3 } });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    calls += 1;
    open += 1;
    most = Math.max(most, open);
    stream.on('close', () => {
      open -= 1;
    });
    heard.push(`${headers[':path']} ${headers['grpc-timeout']}`);
    if (calls % 3 === 0) {
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': 8,
          'grpc-message': 'Not Now, Please',
          'grpc-retry-pushback-ms': '12345',
        },
        { endStream: true },
      );
      return;
    }
    stream.on('data', (bytes: Buffer) => heard.push(bytes.toString('latin1', 5)));
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(framed(Buffer.from('yes')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hold({ what: 'http2 server', release: () => void server.close(), releaseNow: () => undefined });
  return { port: (server.address() as AddressInfo).port, heard, most: () => most };
}

test('calls are answered or refused with a delay, no more at once than the server takes', async () => {
  const { port, heard, most } = await startServer();
  const ends: CallEnd[] = [];
  const calls = new RawCalls({
    port,
    path: '/test.Echo/Say',
    deadlineMs: 250,
    body: framed(Buffer.from('hello')),
    ended: (_, end) => ends.push(end),
    refused: () => expect.unreachable('the server had room for it'),
    closed: () => undefined,
  });
  hold({ what: 'calls', release: () => calls.destroy(), releaseNow: () => undefined });
  let sent = 0;
  await until(
    () => {
      // At first it is not known how many the server takes: one.
      while (sent < 9 && calls.hasRoom && (sent < 1 || ends.length > 0)) {
        calls.send(250);
        sent += 1;
      }
      calls.flush();
      return ends.length === 9;
    },
    { what: 'nine ends' },
  );
  expect(ends.filter(({ status }) => status === 0)).toHaveLength(6);
  expect(ends.filter(({ status }) => status === 8)).toEqual(
    Array(3).fill({ status: 8, retryAfterMs: 12_345 }),
  );
  expect(new Set(heard)).toEqual(new Set(['/test.Echo/Say 0000250m', 'hello']));
  expect(most()).toBeLessThanOrEqual(3);
});

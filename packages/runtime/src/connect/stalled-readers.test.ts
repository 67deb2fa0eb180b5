import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { opened, promised } from '../grpc/echo-host.fixture.ts';
import { type ServerStreamHandler, serverStream, unary } from '../grpc/handler.ts';
import { post, startProbe } from './connect.fixture.ts';

const TELL = '/test.Probe/Tell';
/** More than a connection on loopback holds. */
const LONG_ANSWER = 40_000_000;
/** Of a stream that asks for nothing. */
const ENVELOPE = '\0\0\0\0\0';

/** Writes for as long as there is room. */
const endless = (cancelled: () => void): ServerStreamHandler =>
  serverStream((_request, stream) => {
    stream.once('cancelled', cancelled);
    const fill = (): void => {
      while (!stream.writableNeedDrain && !stream.destroyed) stream.write({ text: 'x'.repeat(65_536) });
      stream.once('drain', fill);
    };
    fill();
  });

/** Asks over HTTP/1.1 and reads nothing. */
async function unread(port: number, headers: string, body: string, path = TELL): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  opened.push(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n${headers}\r\n\r\n${body}`,
  );
}

const http2 = async (port: number): Promise<void> => {
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`, {
    settings: { initialWindowSize: 1_000 },
  });
  session.on('error', () => undefined);
  opened.push(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': TELL,
    'content-type': 'application/connect+proto',
  });
  stream.on('error', () => undefined).end(ENVELOPE);
  await once(stream, 'response');
};

describe('a reader that takes nothing of its stream', () => {
  it.each<[string, (port: number) => Promise<void>]>([
    ['Connect', (port) => unread(port, 'content-type: application/connect+proto', ENVELOPE)],
    ['gRPC-Web', (port) => unread(port, 'content-type: application/grpc-web', ENVELOPE)],
    [
      'server-sent events',
      (port) => unread(port, 'content-type: application/json\r\naccept: text/event-stream', '{}'),
    ],
    ['Connect over HTTP/2', http2],
  ])('is cut after streamStallMs: %s', async (_name, ask) => {
    const cancelled = promised<void>();
    const { port, metrics } = await startProbe({ tell: endless(cancelled.resolve) }, { streamStallMs: 50 });
    await ask(port);
    await cancelled.promise;
    await until(async () => (await metrics.text()).includes('grpc_open_streams 0'), { what: 'its end' });
    if (ask !== http2)
      await until(async () => (await metrics.text()).includes('grpc_connections 0'), {
        what: 'the end of its connection',
      });
  });

  it('is cut as well where a whole answer waits for it', async () => {
    const { port, metrics } = await startProbe(
      { say: unary(() => ({ text: 'x'.repeat(LONG_ANSWER) })) },
      { streamStallMs: 50 },
    );
    await unread(port, 'content-type: application/json', '{}', '/test.Probe/Say');
    const told = async (): Promise<string> => metrics.text();
    await until(async () => (await told()).includes('grpc_method="Say",grpc_code="OK"} 1'), {
      what: 'an answer',
    });
    await until(async () => (await told()).includes('grpc_connections 0'), { what: 'its end' });
  });

  it('is none that there is nothing for', async () => {
    const { port } = await startProbe(
      {
        tell: serverStream(async (_request, stream) => {
          stream.write({ text: 'first' });
          await delay(200);
          stream.write({ text: 'last' });
          stream.end();
        }),
      },
      { streamStallMs: 20 },
    );
    const response = await post(port, TELL, new Uint8Array(Buffer.from(ENVELOPE)), {
      'content-type': 'application/connect+proto',
    });
    expect(await response.text()).toMatch(/first.*last/s);
  });
});

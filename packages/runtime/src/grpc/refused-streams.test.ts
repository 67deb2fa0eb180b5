import { connect } from 'node:http2';
import { fail, LIMITS } from '@flagstream/protocol';
import { expect, it } from 'vitest';
import { echo, opened, start, type Text } from './echo-host.fixture.ts';
import type { Standing } from './grpc-host.ts';
import { serverStream } from './handler.ts';

it('a stream whose key was revoked is cut after refusedStreamEndMs when its peer reads nothing', async () => {
  let nowMs = 0;
  let revoked = false;
  let look: () => void = () => undefined;
  const standing: Standing = {
    check: () => (revoked ? fail('UNAUTHENTICATED', 'the key was revoked') : undefined),
    onChange: (listener) => {
      look = listener;
      return () => undefined;
    },
  };
  const tell = serverStream<Text, Text>(
    ({ text }, stream) => void stream.write({ text: text.repeat(1_000) }),
  );
  const services = [{ ...echo, handlers: { ...echo.handlers, tell } }];
  const { host, port, logs, metrics } = await start(services, { standing, monotonicMs: () => nowMs });
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  opened.push(() => session.destroy());
  const call = session.request({
    ':method': 'POST',
    ':path': '/test.Echo/Tell',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.on('error', () => undefined);
  const body = Buffer.from('{"text":"hello"}');
  call.end(Buffer.concat([Buffer.of(0, 0, 0, 0, body.length), body]));
  await new Promise((resolve) => call.once('response', resolve));
  const closings = (): number => logs.filter(({ msg }) => String(msg).startsWith('streams closed')).length;
  const openStreams = async (): Promise<string | undefined> =>
    (await metrics.text()).split('\n').find((line) => line.startsWith('flagstream_grpc_open_streams '));
  revoked = true;
  look();
  look();
  expect(closings()).toBe(1);
  nowMs = LIMITS.refusedStreamEndMs;
  look();
  expect(await openStreams()).toBe('flagstream_grpc_open_streams 1');
  const closed = new Promise((resolve) => call.once('close', resolve));
  nowMs += 1;
  look();
  await closed;
  expect(await openStreams()).toBe('flagstream_grpc_open_streams 0');
  expect(closings()).toBe(1);
  expect(host).toBeDefined();
});

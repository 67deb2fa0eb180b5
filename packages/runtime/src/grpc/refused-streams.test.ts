import { fail, LIMITS } from '@flagstream/protocol';
import { expect, it } from 'vitest';
import { echo, framedText, rawCall, rawSession, start, type Text } from './echo-host.fixture.ts';
import { serverStream } from './handler.ts';
import type { Standing } from './standing.ts';

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
  const session = rawSession(port, { settings: { initialWindowSize: 0 } });
  const call = rawCall(session, 'Tell');
  call.on('error', () => undefined);
  call.end(framedText('hello'));
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

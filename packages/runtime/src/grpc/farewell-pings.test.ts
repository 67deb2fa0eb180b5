import { expect, it } from 'vitest';
import { echo, framedText, rawCall, rawSession, start, type Text } from './echo-host.fixture.ts';
import { unary } from './handler.ts';

const PING_EVERY_MS = 40;

it('calls of a peer that has said goodbye are answered, also when pings fall due meanwhile', async () => {
  let answer: () => void = () => undefined;
  const slow = unary<Text, Text>(
    ({ text }) =>
      new Promise((resolve) => {
        answer = () => resolve({ text });
      }),
  );
  const services = [{ ...echo, handlers: { ...echo.handlers, say: slow } }];
  // Pings come 2.5 times in the silence that is borne.
  const { port } = await start(services, { peerSilenceMs: 2.5 * PING_EVERY_MS });
  const session = rawSession(port);
  const ended = new Promise<string>((resolve) => session.once('close', () => resolve('closed')));
  const call = rawCall(session, 'Say');
  call.end(framedText('late'));
  const status = new Promise((resolve) => {
    call.on('trailers', (received) => resolve(received['grpc-status']));
    call.on('close', () => resolve('no answer'));
  });
  call.resume();
  // Both pings and the goodbye travel in order: once some were answered, the next ones fall due after it.
  for (let pings = 0; pings < 2; pings++) await new Promise((resolve) => session.once('ping', resolve));
  session.close();
  const afterwards = new Promise((resolve) => setTimeout(resolve, 5 * PING_EVERY_MS));
  expect(await Promise.race([ended, afterwards.then(() => 'open')])).toBe('open');
  answer();
  expect(await status).toBe('0');
  expect(await ended).toBe('closed');
});

import { type ClientHttp2Stream, constants } from 'node:http2';
import { expect, it } from 'vitest';
import { echo, framedText, rawCall, rawSession, start, type Text } from './echo-host.fixture.ts';
import { unary } from './handler.ts';

/** Resets at which nghttp2 cuts a connection. */
const CUT_AT = 1_000;
const AT_ONCE = 50;

it('a connection whose calls are cancelled by the hundred is asked to go, and what is left of them is answered', async () => {
  const answers: (() => void)[] = [];
  let arrived: () => void = () => undefined;
  const slow = unary<Text, Text>(
    ({ text }) =>
      new Promise((resolve) => {
        answers.push(() => resolve({ text }));
        arrived();
      }),
  );
  const { port } = await start([{ ...echo, handlers: { ...echo.handlers, say: slow } }]);
  const session = rawSession(port);
  let farewell: number | undefined;
  session.once('goaway', (code) => {
    farewell = code;
    arrived();
  });
  const closed = new Promise((resolve) => session.once('close', resolve));
  const call = (): ClientHttp2Stream => {
    const opened = rawCall(session, 'Say');
    opened.on('error', () => undefined);
    opened.resume();
    opened.end(framedText('slow'));
    return opened;
  };
  const untilRunning = async (calls: number): Promise<void> => {
    while (answers.length < calls && farewell === undefined)
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
  };
  const kept = call();
  const status = new Promise((resolve) => {
    kept.on('trailers', (received) => resolve(received['grpc-status']));
    kept.on('close', () => resolve('no answer'));
  });
  await untilRunning(1);
  let cancelled = 0;
  while (farewell === undefined && cancelled < 2 * CUT_AT) {
    const calls = Array.from({ length: AT_ONCE }, call);
    await untilRunning(1 + cancelled + AT_ONCE);
    for (const one of calls) one.close(constants.NGHTTP2_CANCEL);
    await Promise.all(calls.map((one) => new Promise((resolve) => one.once('close', resolve))));
    cancelled += AT_ONCE;
  }
  expect(farewell).toBe(constants.NGHTTP2_NO_ERROR);
  expect(cancelled).toBeGreaterThanOrEqual(CUT_AT / 2);
  expect(cancelled).toBeLessThan(CUT_AT);
  answers[0]!();
  expect(await status).toBe('0');
  await closed;
});

it('so is one whose calls pass their deadlines by the hundred: their resets come behind the answer, unseen', async () => {
  const never = unary<Text, Text>(() => new Promise(() => undefined));
  const { port } = await start([{ ...echo, handlers: { ...echo.handlers, say: never } }]);
  const session = rawSession(port);
  let farewell: number | undefined;
  session.once('goaway', (code) => {
    farewell = code;
  });
  const late = async (): Promise<unknown> => {
    const call = rawCall(session, 'Say', { 'grpc-timeout': '1m' });
    call.on('error', () => undefined);
    let told: unknown;
    call.on('response', (headers) => {
      told = headers['grpc-status'];
    });
    call.resume().end(framedText('slow'));
    await new Promise((resolve) => call.once('close', resolve));
    return told;
  };
  let calls = 0;
  for (; farewell === undefined && calls < 2 * CUT_AT; calls += AT_ONCE) {
    const told = await Promise.all(Array.from({ length: AT_ONCE }, late));
    if (farewell === undefined) expect(told).toEqual(Array(AT_ONCE).fill('4'));
  }
  expect(farewell).toBe(constants.NGHTTP2_NO_ERROR);
  expect(calls).toBeGreaterThanOrEqual(CUT_AT / 2);
  expect(calls).toBeLessThan(CUT_AT);
});

it('so is one whose calls are answered late by the hundred: many of their callers have given up meanwhile', async () => {
  let nowMs = 0;
  const answers: (() => void)[] = [];
  let arrived: () => void = () => undefined;
  const slow = unary<Text, Text>(
    ({ text }) =>
      new Promise((resolve) => {
        answers.push(() => resolve({ text }));
        arrived();
      }),
  );
  const services = [{ ...echo, handlers: { ...echo.handlers, say: slow } }];
  const { port } = await start(services, { monotonicMs: () => nowMs });
  /** Calls until the connection is asked to go; undefined: it is not. */
  const farewellAfter = async (timeout: string): Promise<number | undefined> => {
    const session = rawSession(port);
    let farewell: number | undefined;
    session.once('goaway', (code) => {
      farewell = code;
      arrived();
    });
    for (let calls = 0; calls < 2 * CUT_AT; calls += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, () => {
        const call = rawCall(session, 'Say', { 'grpc-timeout': timeout });
        call.on('error', () => undefined);
        call.resume().end(framedText('slow'));
        return new Promise((resolve) => call.once('close', resolve));
      });
      while (answers.length < AT_ONCE && farewell === undefined)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      nowMs += 600;
      for (const answer of answers.splice(0)) answer();
      if (farewell !== undefined) return calls;
      await Promise.all(batch);
    }
    return undefined;
  };
  expect(await farewellAfter('1000m')).toBeLessThan(CUT_AT);
  expect(await farewellAfter('1500m')).toBeUndefined();
});

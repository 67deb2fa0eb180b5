import { fromServiceError, LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { echo, failure, openChat, say, start, type Text } from './echo-host.fixture.ts';
import { unary } from './handler.ts';
import { KeyQuota } from './key-quota.ts';
import { EVERYWHERE, type Principal, VERBS } from './principal.ts';
import type { ServiceBinding } from './service-binding.ts';

const LIMITED = { callsPerSecond: 10, burstCalls: 3, streams: 2 };

describe('a quota', () => {
  it('lets a key make calls at its rate, after a burst, and says when the next one is due', () => {
    let nowMs = 0;
    const quota = new KeyQuota(LIMITED, () => nowMs);
    for (let call = 0; call < 3; call++) quota.takeCalls('k');
    expect(() => quota.takeCalls('k')).toThrow(
      expect.objectContaining({ reason: 'OVERLOADED', retryable: true, retryAfterMs: 100 }),
    );
    quota.takeCalls('another');
    nowMs = 50;
    expect(() => quota.takeCalls('k')).toThrow(expect.objectContaining({ retryAfterMs: 50 }));
    nowMs = 100;
    quota.takeCalls('k');
    expect(() => quota.takeCalls('k')).toThrow('more than 10 calls a second');
    nowMs = 100_000;
    for (let call = 0; call < 3; call++) quota.takeCalls('k');
    expect(() => quota.takeCalls('k')).toThrow();
  });

  it('takes a call with much work as several, and lets the largest in once it is full', () => {
    let nowMs = 0;
    const quota = new KeyQuota(LIMITED, () => nowMs);
    quota.takeCalls('k', 2);
    expect(() => quota.takeCalls('k', 3)).toThrow(
      expect.objectContaining({ reason: 'OVERLOADED', retryAfterMs: 200 }),
    );
    // What was refused costs nothing.
    quota.takeCalls('k');
    expect(() => quota.takeCalls('k', 1_000)).toThrow(expect.objectContaining({ retryAfterMs: 300 }));
    nowMs = 300;
    quota.takeCalls('k', 1_000);
  });

  it('counts the streams of a key', () => {
    const quota = new KeyQuota(LIMITED, () => 0);
    const end = quota.openStream('k');
    quota.openStream('k');
    expect(() => quota.openStream('k')).toThrow(expect.objectContaining({ reason: 'OVERLOADED' }));
    quota.openStream('another');
    end();
    quota.openStream('k');
  });

  it('keeps the accounts of keys with streams, however many others come', () => {
    const quota = new KeyQuota({ ...LIMITED, streams: 1 }, () => 0);
    const end = quota.openStream('kept');
    for (let key = 0; key < 25_000; key++) quota.takeCalls(`k${key}`);
    expect(() => quota.openStream('kept')).toThrow('1 streams open');
    end();
    quota.openStream('kept');
  });
});

/** The echo, where each call is as much work as so many. */
const spending = (calls: number): ServiceBinding => ({
  ...echo,
  handlers: {
    ...echo.handlers,
    say: unary<Text, Text>((request, call) => {
      call.costs(calls);
      return request;
    }),
  },
});

describe('a host', () => {
  const holder = (id: string): Principal => {
    const verbs = new Set(VERBS);
    return { kind: 'server', id, ...EVERYWHERE, verbs, grants: [{ ...EVERYWHERE, verbs }] };
  };
  const authenticate = (metadata: { get(name: string): unknown[] }): Principal =>
    holder(String(metadata.get('who')[0] ?? 'k'));

  it('refuses calls and streams of a key beyond its quota, and forgets streams that ended', async () => {
    const { client } = await start([echo], {
      authenticate,
      quota: { ...LIMITED, burstCalls: 4, callsPerSecond: 0.001 },
    });
    const [first, second] = [openChat(client), openChat(client)];
    await Promise.all(
      [first, second].map((stream) => new Promise((resolve) => stream.once('data', resolve))),
    );
    const refused = openChat(client);
    const error = await new Promise<unknown>((resolve) => refused.on('error', resolve));
    expect(fromServiceError(error as never)).toMatchObject({ reason: 'OVERLOADED' });
    const ended = new Promise((resolve) => first.once('end', resolve));
    first.end();
    await ended;
    expect(await say(client, 'x')).toEqual({ text: 'x' });
    expect(fromServiceError(await failure(say(client, 'x')))).toMatchObject({ reason: 'OVERLOADED' });
    second.cancel();
  });

  it('takes a long request as several calls, before it is decoded', async () => {
    const quota = { ...LIMITED, callsPerSecond: 0.001 };
    const { client } = await start([echo], { authenticate, quota });
    expect(await say(client, 'x'.repeat(LIMITS.requestBytesPerCall))).toBeDefined();
    expect(
      fromServiceError(await failure(say(client, 'x'.repeat(LIMITS.requestBytesPerCall)))),
    ).toMatchObject({
      reason: 'OVERLOADED',
    });
  });

  it('lets a handler spend more of it for a call with much work, but not of those without a key', async () => {
    const quota = { ...LIMITED, callsPerSecond: 0.001 };
    const { client } = await start([spending(3)], { authenticate, quota });
    expect(await say(client, 'x')).toEqual({ text: 'x' });
    expect(fromServiceError(await failure(say(client, 'x')))).toMatchObject({
      reason: 'OVERLOADED',
      retryAfterMs: expect.any(Number),
    });
    const open = await start([spending(1_000)], { quota });
    for (let call = 0; call < 5; call++) expect(await say(open.client, 'x')).toEqual({ text: 'x' });
  });
});

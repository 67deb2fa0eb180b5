import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LIMITS } from '@flagstream/protocol';
import { Reason, SourceState, type WatchResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../../test/support/private-value.ts';
import { closing, type Inbox, start, TestClock, watch } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog, stringFlag } from '../log.fixture.ts';

async function ready(log: MemoryLog, clock = new TestClock()): ReturnType<typeof start> {
  const started = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
  await started.evaluator.ready();
  return started;
}

type Events = NonNullable<WatchResponse['event']>;

type Payload<K extends Events['$case']> = Extract<Events, { $case: K }>['value'];

/** The nth event of a kind. */
function event<K extends Events['$case']>(
  inbox: Inbox<WatchResponse>,
  kind: K,
  nth = 0,
): Promise<Payload<K>> {
  return inbox.until<Payload<K>>(() => {
    const found = inbox.messages.filter((message) => message.event?.$case === kind)[nth];
    return found?.event?.value as Payload<K> | undefined;
  });
}

const off = entity.config('default', 'development', 'new-checkout', { enabled: false });

describe('Watch with a context', () => {
  it('sends all results, then what differs, at its revision', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'banner', stringFlag('a')),
      entity.config('default', 'development', 'banner', serving('a')),
    );
    const { client } = await ready(log);
    const inbox = watch(client, { context: { targetingKey: privateValue('user') } });
    const initial = await event(inbox, 'initial');
    expect(initial.results.map((result) => [result.flagKey, result.value])).toEqual([
      ['banner', 'a'],
      ['new-checkout', true],
    ]);
    log.commit(off);
    expect(await event(inbox, 'changed')).toMatchObject({
      results: [{ flagKey: 'new-checkout', value: false, reason: Reason.DISABLED }],
      removed: [],
    });
    expect(inbox.messages.at(-1)?.revision).toBe(5n);
    // A change that changes no answer is not sent.
    log.commit(entity.flag('default', 'new-checkout', { ...booleanFlag, description: 'another' }));
    log.commit(entity.flag('default', 'banner', null));
    expect(await event(inbox, 'changed', 1)).toEqual({ results: [], removed: ['banner'] });
    log.commit(entity.flag('default', 'fresh', booleanFlag));
    expect((await event(inbox, 'changed', 2)).results).toMatchObject([{ flagKey: 'fresh', value: false }]);
  });

  it('watches some keys, also one that is not there yet', async () => {
    const log = shopLog();
    const { client } = await ready(log);
    const inbox = watch(client, { flagKeys: ['later'], context: {} });
    expect((await event(inbox, 'initial')).results).toMatchObject([{ flagKey: 'later', errorCode: 2 }]);
    log.commit(off);
    log.commit(entity.flag('default', 'later', booleanFlag));
    expect((await event(inbox, 'changed')).results).toMatchObject([
      { flagKey: 'later', value: false, errorCode: 0 },
    ]);
    log.commit(entity.flag('default', 'later', null));
    expect(await event(inbox, 'changed', 1)).toMatchObject({ results: [], removed: ['later'] });
  });

  it('follows what a flag depends on', async () => {
    const log = shopLog();
    const rule = { id: 'beta', condition: { segment: 'testers' }, serve: { variant: 'off' } };
    log.commit(
      entity.segment('default', 'testers', { included: ['u1'] }),
      entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }),
    );
    const { client } = await ready(log);
    const inbox = watch(client, { context: { targetingKey: 'u2', email: privateValue('email') } });
    expect((await event(inbox, 'initial')).results).toMatchObject([{ value: true }]);
    log.commit(entity.segment('default', 'testers', { included: ['u1', 'u2'] }));
    expect((await event(inbox, 'changed')).results).toMatchObject([{ value: false, ruleId: 'beta' }]);
  });

  it('wakes when time changes an answer', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const start = new Date(clock.nowMs + 3_000).toISOString();
    const rule = { id: 'sale', window: { start }, serve: { variant: 'off' } };
    log.commit(entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }));
    const { client } = await ready(log, clock);
    const inbox = watch(client, { context: {} });
    const notices = watch(client, {});
    await event(inbox, 'initial');
    await event(notices, 'heartbeat');
    clock.advance(3_001);
    expect((await event(inbox, 'changed')).results).toMatchObject([{ value: false, ruleId: 'sale' }]);
    expect(await event(notices, 'notice')).toEqual({ flagKeys: ['new-checkout'] });
  });

  it('sends heartbeats with the revision', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const { client } = await ready(log, clock);
    const inbox = watch(client, { context: {}, heartbeatMs: 5_000 });
    await event(inbox, 'initial');
    log.commit(entity.environment('default', 'production'));
    clock.advance(5_001);
    await event(inbox, 'heartbeat');
    expect(inbox.messages.at(-1)?.revision).toBe(4n);
  });

  it('says in each heartbeat how old the state may be', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const { client } = await ready(log, clock);
    const inbox = watch(client, { context: {}, heartbeatMs: 5_000 });
    await event(inbox, 'initial');
    expect(inbox.messages[0]?.freshness).toEqual({
      stalenessMs: 0,
      estimated: false,
      source: SourceState.LIVE,
    });
    log.headFault = 'nobody answers';
    clock.advance(5_001);
    await event(inbox, 'heartbeat');
    expect(inbox.messages[1]?.freshness).toEqual({
      stalenessMs: 5_001,
      estimated: false,
      source: SourceState.LIVE,
    });
  });
});

describe('Watch without a context', () => {
  it('names the flags whose answers may have changed', async () => {
    const log = shopLog();
    const parent = { flag: 'new-checkout', variants: ['on'] };
    log.commit(
      entity.flag('default', 'child', booleanFlag),
      entity.config('default', 'development', 'child', { ...serving('on'), prerequisites: [parent] }),
      entity.flag('default', 'other', booleanFlag),
    );
    const { client } = await ready(log);
    const all = watch(client, {});
    const some = watch(client, { flagKeys: ['child', 'other'] });
    await Promise.all([event(all, 'heartbeat'), event(some, 'heartbeat')]);
    log.commit(off);
    expect(await event(all, 'notice')).toEqual({ flagKeys: ['child', 'new-checkout'] });
    expect(await event(some, 'notice')).toEqual({ flagKeys: ['child'] });
  });

  it('has limits', async () => {
    const { client } = await ready(shopLog());
    const flagKeys = Array.from({ length: LIMITS.watchFlagKeysMax + 1 }, (_, i) => `k${i}`);
    const inbox = watch(client, { flagKeys });
    expect(await inbox.until(() => inbox.error)).toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      fields: [{ field: 'flag_keys' }],
    });
    const long = watch(client, { flagKeys: ['k', 'k'.repeat(LIMITS.keyLengthMax + 1)] });
    expect(await long.until(() => long.error)).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'flag_keys[1]' }],
    });
  });
});

it('keeps nothing of its request that it does not need', async () => {
  const { client } = await ready(shopLog());
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapUsed = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const flagKeys = Array(LIMITS.watchFlagKeysMax).fill('k'.repeat(LIMITS.keyLengthMax));
  const open = async (count: number): Promise<void> => {
    const inboxes = Array.from({ length: count }, () => watch(client, { flagKeys }));
    await Promise.all(inboxes.map((inbox) => event(inbox, 'heartbeat')));
  };
  await open(1);
  const before = heapUsed();
  const streams = 100;
  await open(streams);
  // Its keys alone are 128 KB.
  expect((heapUsed() - before) / streams).toBeLessThan(64_000);
});

it('says of which state it is that an environment was archived', async () => {
  const log = shopLog();
  const { client } = await ready(log);
  const inbox = watch(client, { context: {} });
  await event(inbox, 'initial');
  log.commit(entity.environment('default', 'development', null));
  expect(await inbox.until(() => inbox.error)).toMatchObject({
    reason: 'ENVIRONMENT_NOT_FOUND',
    metadata: { epoch: '1', revision: '4', belowMinRevision: 'false' },
  });
});

describe('a reader that does not read', () => {
  it('costs bounded memory, then gets the newest state at once', async () => {
    const log = shopLog();
    const value = 'x'.repeat(50_000);
    const flag = {
      ...stringFlag('a', 'b'),
      variants: ['a', 'b'].map((key) => ({ key, value: key + value })),
    };
    log.commit(entity.flag('default', 'big', flag));
    const { client } = await ready(log);
    const stream = closing(
      client.watch({ flagKeys: ['big'], context: {}, heartbeatMs: 0, allowStale: false }),
      (s) => s.cancel(),
    );
    stream.on('error', () => undefined);
    const messages: WatchResponse[] = [];
    const first = await new Promise<WatchResponse>((resolve) => stream.once('data', resolve));
    expect(first.event?.$case).toBe('initial');
    stream.pause();
    const changes = 300;
    for (let i = 0; i < changes; i++) {
      log.commit(entity.config('default', 'development', 'big', serving(i % 2 === 0 ? 'a' : 'b')));
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const last = BigInt(log.position.revision);
    await new Promise<void>((resolve) => {
      stream.on('data', (message: WatchResponse) => {
        messages.push(message);
        if (message.revision === last) resolve();
      });
      stream.resume();
    });
    // What was on its way is delivered; the rest was never made.
    expect(messages.length).toBeLessThan(100);
    const newest = messages.at(-1)?.event;
    expect(newest).toMatchObject({ $case: 'changed', value: { results: [{ variant: 'b' }] } });
    const revisions = messages.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => Number(a - b)));
  });

  it('is cut off in the end', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const value = 'x'.repeat(60_000);
    const flag = {
      ...stringFlag('a', 'b'),
      variants: ['a', 'b'].map((key) => ({ key, value: key + value })),
    };
    log.commit(entity.flag('default', 'big', flag));
    const { client, evaluator } = await ready(log, clock);
    const stream = closing(
      client.watch({ flagKeys: ['big'], context: {}, heartbeatMs: 0, allowStale: false }),
      (s) => s.cancel(),
    );
    const inbox: string[] = [];
    stream.on('error', (error: { details: string }) => inbox.push(error.details));
    await new Promise((resolve) => stream.once('data', resolve));
    stream.pause();
    for (let i = 0; i < 100; i++) {
      log.commit(entity.config('default', 'development', 'big', serving(i % 2 === 0 ? 'a' : 'b')));
      await new Promise((resolve) => setImmediate(resolve));
    }
    clock.advance(LIMITS.heartbeatMsMax + 1);
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`)).text();
    while (!(await metrics()).includes('flagstream_stream_closed_total{kind="watch",reason="overloaded"} 1'));
    stream.resume();
    await new Promise<void>((resolve) => stream.once('end', resolve).once('error', () => resolve()));
    expect(inbox).toEqual([`the client took nothing for ${LIMITS.heartbeatMsMax / 1000} s`]);
  });
});

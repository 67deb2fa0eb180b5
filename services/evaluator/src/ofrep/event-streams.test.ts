import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { NOW_MS, seconds, testKey } from '../../../../packages/runtime/src/keys/key.fixture.ts';
import { until } from '../../../../test/support/until.ts';
import { type Started, start, TestClock } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';
import { ask, askFlags, EventReader, eventsUrl } from './ofrep.fixture.ts';

const DEVELOPMENT = { project: 'default', environment: 'development' };

const opened = async (url: string, headers?: Record<string, string>): Promise<EventReader> => {
  const reader = new EventReader(url, headers);
  await until(() => reader.events.length > 0, { what: 'the beginning of the stream' });
  return reader;
};

const toldTimes = (reader: EventReader, times: number): Promise<true> =>
  until(() => reader.refetches.length === times, { what: `event ${times}` });

const turn = (log: MemoryLog, key: string, variant: string): unknown =>
  log.commit(entity.config('default', 'development', key, serving(variant)));

/** Something that it tells comes after whatever else it had to tell. */
async function nothingBut(reader: EventReader, log: MemoryLog, key: string): Promise<void> {
  const told = reader.refetches.length;
  turn(log, key, 'on');
  await toldTimes(reader, told + 1);
}

describe('a stream of events', () => {
  it('tells of each change as it comes, with an id and the revision', async () => {
    const log = shopLog();
    const reader = await opened(eventsUrl(await start(log)));
    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(reader.events).toEqual([{ retry: '1000', id: expect.stringMatching(/^1-3-\d+$/) }]);
    turn(log, 'new-checkout', 'off');
    await toldTimes(reader, 1);
    const [event] = reader.refetches;
    expect(event).toMatchObject({ event: 'message', id: expect.stringMatching(/^1-4-\d+$/) });
    expect(JSON.parse(event!.data!)).toEqual({ type: 'refetchEvaluation', etag: '"1-4"' });
    turn(log, 'new-checkout', 'on');
    await toldTimes(reader, 2);
  });

  it('is found in the answer for all flags', async () => {
    const log = shopLog();
    const evaluator = await start(log);
    const { body } = await askFlags(evaluator);
    const reader = await opened(body.eventStreams[0].url);
    turn(log, 'new-checkout', 'off');
    await toldTimes(reader, 1);
  });

  it('tells nothing of other environments, nor of flags that its selector leaves out', async () => {
    const log = shopLog();
    log.commit(
      entity.environment('default', 'production'),
      entity.flag('default', 'shop', { ...booleanFlag, metadata: { flagSetId: 'shop' } }),
    );
    const evaluator = await start(log);
    const all = await opened(eventsUrl(evaluator));
    const shop = await opened(eventsUrl(evaluator, '/flagSetId%3Dshop'));
    const byHeader = await opened(eventsUrl(evaluator), { 'flagd-selector': 'flagSetId=shop' });
    log.commit(entity.config('default', 'production', 'new-checkout', serving('on')));
    turn(log, 'new-checkout', 'off');
    await toldTimes(all, 1);
    await nothingBut(shop, log, 'shop');
    await toldTimes(byHeader, 1);
    await toldTimes(all, 2);
    const production = await opened(eventsUrl(evaluator, '/flagSetId%3Ddefault%2Fproduction'));
    log.commit(entity.config('default', 'production', 'new-checkout', serving('off')));
    await toldTimes(production, 1);
  });

  it('is refused by the name of what holds no selector: its address, or the header', async () => {
    const evaluator = await start(shopLog());
    const refused = async (rest: string, headers: Record<string, string> = {}): Promise<unknown> => {
      const answer = await fetch(eventsUrl(evaluator, rest), { headers });
      return { status: answer.status, text: await answer.text() };
    };
    const naming = (field: string): unknown => ({
      status: 400,
      text: expect.stringContaining(`${field}: must select by`),
    });
    expect(await refused('/version%3D1')).toEqual(naming('channel'));
    expect(await refused('', { 'flagd-selector': 'version=1' })).toEqual(naming('flagd-selector'));
  });

  it('tells who comes back with the id of another state once, at once, and nobody else', async () => {
    const log = shopLog();
    const evaluator = await start(log);
    const first = await opened(eventsUrl(evaluator));
    const id = first.lastId!;
    const same = await opened(eventsUrl(evaluator), { 'last-event-id': id });
    turn(log, 'new-checkout', 'off');
    await toldTimes(same, 1);
    const missed = await opened(eventsUrl(evaluator), { 'last-event-id': id });
    await toldTimes(missed, 1);
    const foreign = await opened(eventsUrl(evaluator), { 'last-event-id': 'evt-1' });
    await toldTimes(foreign, 1);
    const upToDate = await opened(eventsUrl(evaluator), { 'last-event-id': missed.lastId! });
    await nothingBut(upToDate, log, 'new-checkout');
  });

  it('tells who asked just before a change and opened its stream just after it', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const evaluator = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
    await askFlags(evaluator);
    turn(log, 'new-checkout', 'off');
    await toldTimes(await opened(eventsUrl(evaluator)), 1);
    clock.advance(11_000);
    const later = await opened(eventsUrl(evaluator));
    await nothingBut(later, log, 'new-checkout');
  });

  it('tells when only time has changed answers', async () => {
    const clock = new TestClock();
    const log = shopLog();
    const startTime = new Date(clock.nowMs + 1_000).toISOString();
    const rule = { id: 'sale', window: { start: startTime }, serve: { variant: 'off' } };
    log.commit(entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }));
    const evaluator = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
    const reader = await opened(eventsUrl(evaluator));
    clock.advance(1_500);
    await toldTimes(reader, 1);
    const missed = await opened(eventsUrl(evaluator), { 'last-event-id': reader.events[0]!.id! });
    await toldTimes(missed, 1);
  });

  it('says something each half minute while nothing happens', async () => {
    const clock = new TestClock();
    const evaluator = await start(shopLog(), { now: clock.now, monotonicMs: clock.monotonicMs });
    const reader = await opened(eventsUrl(evaluator));
    clock.advance(30_000);
    await until(() => reader.comments === 1, { what: 'a heartbeat' });
    expect(reader.refetches).toEqual([]);
  });

  it('ends when its environment is archived', async () => {
    const log = shopLog();
    const evaluator = await start(log);
    const reader = await opened(eventsUrl(evaluator));
    log.commit(entity.environment('default', 'development', null));
    await until(() => reader.ended, { what: 'its end' });
    expect((await ask(evaluator, { method: 'GET', path: '/ofrep/v1/sse' })).status).toBe(404);
  });

  it('is counted while it is open', async () => {
    const evaluator = await start(shopLog());
    await opened(eventsUrl(evaluator));
    const scraped = await (
      await fetch(`http://127.0.0.1:${evaluator.evaluator.managementPort}/metrics`)
    ).text();
    expect(scraped).toContain('flagstream_stream_clients{kind="ofrep"} 1');
  });
});

describe('with keys, a stream', () => {
  const keyed = async (kind: KeyKind, over: Parameters<typeof start>[1] = {}) => {
    const key = testKey(kind, {}, DEVELOPMENT);
    const log = shopLog();
    log.commit(
      entity.flag('default', 'shown', { ...booleanFlag, clientVisible: true }),
      entity.config('default', 'development', 'shown', serving('off')),
      key.change,
    );
    const evaluator = await start(log, over, { requireKeys: true });
    return { key, log, evaluator, headers: { 'x-api-key': key.token } };
  };

  const addressOf = async (evaluator: Started, headers: Record<string, string>): Promise<string> =>
    (await askFlags(evaluator, {}, headers)).body.eventStreams[0].url;

  it('needs one, as a header or as what the bulk answer says', async () => {
    const { evaluator, headers, key } = await keyed(KeyKind.CLIENT);
    expect((await ask(evaluator, { method: 'GET', path: '/ofrep/v1/sse' })).status).toBe(401);
    expect((await opened(eventsUrl(evaluator), headers)).status).toBe(200);
    const address = await addressOf(evaluator, headers);
    expect(address).not.toContain(key.secret);
    expect((await opened(address)).status).toBe(200);
  });

  it('opens by a pass for what that was made for, and nothing else', async () => {
    const { evaluator, headers } = await keyed(KeyKind.CLIENT);
    const { pathname, search } = new URL(await addressOf(evaluator, headers));
    const get = async (path: string): Promise<number> =>
      (await ask(evaluator, { method: 'GET', path })).status;
    expect(await get(`${pathname}/flagSetId%3Dother${search}`)).toBe(401);
    expect(await get(`${pathname}${search.replace('development', 'production')}`)).toBe(401);
    expect(await get(`${pathname}${search.slice(0, -2)}`)).toBe(401);
    expect(await get(`${pathname}${search}x.y`)).toBe(401);
    const flags = await ask(evaluator, { path: `/ofrep/v1/evaluate/flags${search}` });
    expect(flags.status).toBe(401);
  });

  it('of a client tells of what clients may see alone', async () => {
    const { evaluator, headers, log } = await keyed(KeyKind.CLIENT);
    const reader = await opened(await addressOf(evaluator, headers));
    turn(log, 'new-checkout', 'off');
    await nothingBut(reader, log, 'shown');
    expect(reader.refetches.length).toBe(1);
  });

  it('ends when its key is revoked, and does not come back', async () => {
    const { evaluator, headers, log, key } = await keyed(KeyKind.SERVER);
    const address = await addressOf(evaluator, headers);
    const readers = [await opened(address), await opened(eventsUrl(evaluator), headers)];
    log.commit(testKey(KeyKind.SERVER, { revokeTime: seconds(NOW_MS) }, DEVELOPMENT, key.id).change);
    await until(() => readers.every(({ ended }) => ended), { what: 'the end of both' });
    const { pathname, search } = new URL(address);
    expect((await ask(evaluator, { method: 'GET', path: `${pathname}${search}` })).status).toBe(401);
  });

  it('is one of those that its key may have', async () => {
    const quota = { callsPerSecond: 100, burstCalls: 100, streams: 1 };
    const { evaluator, headers } = await keyed(KeyKind.SERVER, { quota });
    await opened(eventsUrl(evaluator), headers);
    const more = await ask(evaluator, { method: 'GET', path: '/ofrep/v1/sse', headers });
    expect({ status: more.status, retry: more.headers['retry-after'] }).toEqual({ status: 429, retry: '1' });
  });
});

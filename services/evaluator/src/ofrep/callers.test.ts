import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { testKey } from '../../../../packages/runtime/src/keys/key.fixture.ts';
import { until } from '../../../../test/support/until.ts';
import { type Started, start } from '../evaluator.fixture.ts';
import { booleanFlag, entity, serving, shopLog } from '../log.fixture.ts';
import { ask, askFlag, askFlags, EventReader, variousLog } from './ofrep.fixture.ts';

const DEVELOPMENT = { project: 'default', environment: 'development' };

const started = (): Promise<Started> => start(variousLog());

describe('a page of another origin', () => {
  const pages = async (evaluator: Started, origin: string): Promise<unknown> =>
    (await askFlags(evaluator, {}, { origin })).headers['access-control-allow-origin'];

  it('may ask where callers need a key, and reads what clients go by', async () => {
    const key = testKey(KeyKind.SERVER, {}, DEVELOPMENT);
    const log = shopLog();
    log.commit(key.change);
    const evaluator = await start(log, {}, { requireKeys: true });
    const { headers } = await askFlags(
      evaluator,
      {},
      { origin: 'https://shop.example', 'x-api-key': key.token },
    );
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringMatching(/ETag.*Retry-After/),
    });
    // Also what refuses it: else it could not be read why.
    expect(await pages(evaluator, 'https://shop.example')).toBe('*');
  });

  it('may not where nobody needs one, unless it is of this machine or named', async () => {
    const evaluator = await started();
    expect(await pages(evaluator, 'https://shop.example')).toBeUndefined();
    expect(await pages(evaluator, 'null')).toBeUndefined();
    for (const origin of [
      'http://localhost:3000',
      'https://127.0.0.1',
      'http://[::1]:80',
      'http://app.localhost',
    ])
      expect(await pages(evaluator, origin)).toBe(origin);
    const named = await start(variousLog(), {}, { corsOrigins: ['https://shop.example'] });
    expect(await pages(named, 'https://shop.example')).toBe('https://shop.example');
    expect(await pages(named, 'http://localhost:3000')).toBeUndefined();
    // As on the gRPC port, for the setting is one.
    const anyPort = await start(variousLog(), {}, { corsOrigins: ['http://shop.example:*'] });
    expect(await pages(anyPort, 'http://shop.example:8080')).toBe('http://shop.example:8080');
    expect(await pages(await start(variousLog(), {}, { corsOrigins: ['*'] }), 'https://any.example')).toBe(
      '*',
    );
  });

  it('is answered before its request, with whatever headers it wants to send', async () => {
    const { status, headers } = await ask(await started(), {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,if-none-match',
      },
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'http://localhost:3000',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization,content-type,if-none-match',
    });
  });
});

describe('a page whose name was made to point here', () => {
  const host = 'evil.example:8016';
  const stream = { method: 'GET', path: '/ofrep/v1/sse', headers: { host } };

  it.each([{}, { keyless: { environment: 'default/development', sync: false, beyondLoopback: false } }])(
    'reads nothing where nobody needs a key: %j',
    async (config) => {
      const evaluator = await start(variousLog(), {}, config);
      for (const reply of [
        await askFlag(evaluator, 'new-checkout', {}, { host }),
        await askFlags(evaluator, {}, { host }),
        await askFlags(evaluator, {}, { origin: 'https://evil.example' }),
        await ask(evaluator, stream),
      ])
        expect({ status: reply.status, details: reply.body.errorDetails }).toEqual({
          status: 403,
          details: expect.stringContaining('corsOrigins'),
        });
      expect((await askFlags(evaluator, {}, { host: 'localhost:8016' })).status).toBe(200);
    },
  );

  it('is answered where it is named, has a key, or callers are meant to come from anywhere', async () => {
    const key = testKey(KeyKind.SERVER, {}, DEVELOPMENT);
    const log = variousLog();
    log.commit(key.change);
    const evaluator = await start(log);
    expect((await askFlags(evaluator, {}, { host, 'x-api-key': key.token })).status).toBe(200);
    const keyless = { environment: 'default/development', sync: false };
    for (const config of [
      { corsOrigins: ['https://evil.example:*'] },
      { keyless: { ...keyless, beyondLoopback: true } },
    ])
      expect((await askFlags(await start(variousLog(), {}, config), {}, { host })).status).toBe(200);
  });
});

describe('who is bound to an environment and needs no key there', () => {
  const keyless = { environment: 'default/development', sync: false, beyondLoopback: false };

  it('is answered there, is told of its changes, and goes nowhere else', async () => {
    const log = variousLog();
    const evaluator = await start(log, {}, { requireKeys: true, keyless });
    const { body } = await askFlags(evaluator);
    expect(body.flags.length).toBeGreaterThan(1);
    const reader = new EventReader(body.eventStreams[0].url);
    await until(() => reader.events.length > 0, { what: 'its stream' });
    log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    await until(() => reader.refetches.length === 1, { what: 'an event' });
    for (const headers of [
      { 'flagstream-environment': 'production' },
      { 'flagd-selector': 'flagSetId=default/production' },
    ])
      expect((await askFlags(evaluator, {}, headers)).status).toBe(403);
  });

  it('asks from any page where that is meant for other machines', async () => {
    const headers = { origin: 'https://shop.example' };
    const allowed = async (beyondLoopback: boolean): Promise<unknown> => {
      const evaluator = await start(variousLog(), {}, { keyless: { ...keyless, beyondLoopback } });
      return (await askFlags(evaluator, {}, headers)).headers['access-control-allow-origin'];
    };
    expect([await allowed(true), await allowed(false)]).toEqual(['*', undefined]);
  });
});

describe('with keys', () => {
  const keyed = async (kind: KeyKind, over: Parameters<typeof start>[1] = {}) => {
    const key = testKey(kind, {}, DEVELOPMENT);
    const log = variousLog();
    log.commit(
      entity.flag('default', 'shown', { ...booleanFlag, clientVisible: true }),
      entity.config('default', 'development', 'shown', serving('on')),
      key.change,
    );
    return { key, log, evaluator: await start(log, over, { requireKeys: true }) };
  };

  it('who shows none, or one that is not good, gets 401', async () => {
    const { evaluator, key } = await keyed(KeyKind.SERVER);
    for (const headers of [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: `Basic ${key.token}` },
    ]) {
      const reply = await askFlag(evaluator, 'shown', {}, headers);
      expect({ status: reply.status, asks: reply.headers['www-authenticate'] }).toEqual({
        status: 401,
        asks: 'Bearer',
      });
      expect(reply.body).toMatchObject({ key: 'shown', errorCode: 'GENERAL', metadata: {} });
    }
  });

  it.each(['authorization', 'x-api-key'])('it is taken from %s', async (name) => {
    const { evaluator, key } = await keyed(KeyKind.SERVER);
    const value = name === 'authorization' ? `Bearer ${key.token}` : key.token;
    expect((await askFlag(evaluator, 'new-checkout', {}, { [name]: value })).body).toMatchObject({
      value: true,
    });
  });

  it('another environment than its own gets 403', async () => {
    const { evaluator, key } = await keyed(KeyKind.SERVER);
    const headers = { 'x-api-key': key.token, 'flagstream-environment': 'production' };
    const { status, body } = await askFlags(evaluator, {}, headers);
    expect({ status, body }).toMatchObject({ status: 403, body: { metadata: {} } });
  });

  it('of clients only what clients may see is there', async () => {
    const { evaluator, key } = await keyed(KeyKind.CLIENT);
    const headers = { 'x-api-key': key.token };
    const all = await askFlags(evaluator, {}, headers);
    expect(all.body.flags.map(({ key: flagKey }: { key: string }) => flagKey)).toEqual(['shown']);
    expect((await askFlag(evaluator, 'new-checkout', {}, headers)).status).toBe(404);
    expect((await askFlag(evaluator, 'shown', {}, headers)).body).toMatchObject({ value: true });
  });

  it('one that asks too much is told when to come back, in whole seconds', async () => {
    const { evaluator, key } = await keyed(KeyKind.SERVER, {
      quota: { callsPerSecond: 1, burstCalls: 3, streams: 1 },
      monotonicMs: () => 0,
    });
    const headers = { 'x-api-key': key.token };
    for (let asked = 0; asked < 3; asked++)
      expect((await askFlag(evaluator, 'shown', {}, headers)).status).toBe(200);
    const reply = await askFlag(evaluator, 'shown', {}, headers);
    expect({ status: reply.status, retry: reply.headers['retry-after'] }).toEqual({
      status: 429,
      retry: '1',
    });
    expect(reply.body).toMatchObject({ key: 'shown', errorCode: 'GENERAL', metadata: {} });
  });
});

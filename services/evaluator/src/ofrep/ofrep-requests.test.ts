import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { testKey } from '../../../../packages/runtime/src/keys/key.fixture.ts';
import { type Started, start } from '../evaluator.fixture.ts';
import { booleanFlag, entity, MemoryLog, serving, shopLog, stringFlag } from '../log.fixture.ts';
import { ask, askFlag, askFlags } from './ofrep.fixture.ts';

const DEVELOPMENT = { project: 'default', environment: 'development' };
const SET = { flagSetId: 'default/development' };
const FLAGS = '/ofrep/v1/evaluate/flags';

/** Half of the subjects each, and nobody without a key. */
const HALVED = {
  enabled: true,
  fallthrough: {
    split: {
      gate: { missing: 'GATE_MISSING_POLICY_ERROR' },
      entries: [
        { variant: 'a', ranges: [{ from: 0, to: 50_000 }] },
        { variant: 'b', ranges: [{ from: 50_000, to: 100_000 }] },
      ],
    },
  },
};

/** Flags of each kind and outcome. */
function variousLog(): MemoryLog {
  const log = shopLog();
  const flag = (key: string, json: object, config: object): void => {
    log.commit(entity.flag('default', key, json), entity.config('default', 'development', key, config));
  };
  flag(
    'greeting',
    { ...stringFlag('hello', 'bonjour'), metadata: { team: 'web', flagSetId: 'shop' } },
    serving('hello'),
  );
  flag('price', { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'low', value: 2.5 }] }, serving('low'));
  flag(
    'layout',
    { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'wide', value: { columns: [1, { gap: 'é' }] } }] },
    serving('wide'),
  );
  flag('switched-off', stringFlag('a'), { enabled: false });
  flag('no-default', booleanFlag, { enabled: true });
  flag('targeted', booleanFlag, {
    enabled: true,
    rules: [
      {
        id: 'gold',
        condition: { compare: { attribute: 'tier', operator: 'equals', values: ['gold'] } },
        serve: { variant: 'on' },
      },
    ],
    fallthrough: { variant: 'off' },
  });
  return log;
}

const started = (): Promise<Started> => start(variousLog());

describe('one flag', () => {
  it.each([
    ['new-checkout', true, 'on', SET],
    ['greeting', 'hello', 'hello', { flagSetId: 'shop', team: 'web' }],
    ['price', 2.5, 'low', SET],
    ['layout', { columns: [1, { gap: 'é' }] }, 'wide', SET],
  ])('has its value, variant, reason and metadata: %s', async (key, value, variant, metadata) => {
    const reply = await askFlag(await started(), key);
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.body).toEqual({ key, value, reason: 'STATIC', variant, metadata });
  });

  it('is answered by the context that is sent', async () => {
    const evaluator = await started();
    expect((await askFlag(evaluator, 'targeted', { tier: 'gold' })).body).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    expect((await askFlag(evaluator, 'targeted', { tier: 'tin' })).body).toMatchObject({ value: false });
  });

  it.each([
    ['switched-off', 'DISABLED'],
    ['no-default', 'DEFAULT'],
  ])(
    'has no value where the default of the code stands, and a variant all the same: %s',
    async (key, reason) => {
      const { status, body } = await askFlag(await started(), key);
      expect({ status, body }).toEqual({ status: 200, body: { key, reason, variant: '', metadata: SET } });
    },
  );

  it('that is not there is not found, in words that clients read', async () => {
    const { status, body } = await askFlag(await started(), 'nothing');
    expect(status).toBe(404);
    expect(body).toEqual({
      key: 'nothing',
      errorCode: 'FLAG_NOT_FOUND',
      errorDetails: expect.stringContaining('nothing'),
      reason: 'ERROR',
      metadata: SET,
    });
  });

  it('is found by its key as it is or percent-encoded', async () => {
    const evaluator = await started();
    for (const key of ['new-checkout', 'new%2Dcheckout', '%6Eew-checkout'])
      expect((await askFlag(evaluator, key)).body).toMatchObject({ key: 'new-checkout', value: true });
    for (const key of ['100%', 'a%2Fb', 'a/b', 'x'.repeat(LIMITS.keyLengthMax + 1)])
      expect((await askFlag(evaluator, key)).status).toBe(404);
  });

  it.each([
    ['nothing', ''],
    ['an empty object', '{}'],
    ['a context that is null', '{"context":null}'],
    ['an empty context', '{"context":{}}'],
  ])('needs no context: %s', async (_, body) => {
    const reply = await ask(await started(), { path: `${FLAGS}/new-checkout`, body });
    expect(reply.body).toMatchObject({ value: true });
  });

  it.each([
    ['no JSON', '{"context":'],
    ['no object', '[]'],
    ['a context that is no object', '{"context":[1]}'],
    ['a targeting key that is no text', '{"context":{"targetingKey":1}}'],
    [
      'too many attributes',
      JSON.stringify({ context: Object.fromEntries(Array.from({ length: 300 }, (__, i) => [`a${i}`, i])) }),
    ],
  ])('is refused with INVALID_CONTEXT for %s', async (_, body) => {
    const evaluator = await started();
    const one = await ask(evaluator, { path: `${FLAGS}/new-checkout`, body });
    expect(one.status).toBe(400);
    expect(one.body).toMatchObject({ key: 'new-checkout', errorCode: 'INVALID_CONTEXT', metadata: {} });
    expect(one.body.errorDetails).not.toBe('');
    const all = await ask(evaluator, { body });
    expect(all.body).toMatchObject({ errorCode: 'INVALID_CONTEXT', metadata: {} });
    expect(all.body).not.toHaveProperty('key');
  });

  it('says why it could not be evaluated', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'rollout', stringFlag('a', 'b')),
      entity.config('default', 'development', 'rollout', HALVED),
    );
    const evaluator = await start(log);
    const { status, body } = await askFlag(evaluator, 'rollout');
    expect({ status, code: body.errorCode }).toEqual({ status: 400, code: 'TARGETING_KEY_MISSING' });
    const answered = await askFlag(evaluator, 'rollout', { targetingKey: 'u1' });
    expect(answered.body).toMatchObject({ reason: 'SPLIT' });
  });
});

describe('all flags', () => {
  it('are answered with what each would be alone, whatever ends the path', async () => {
    const evaluator = await started();
    const { status, body } = await askFlags(evaluator, { tier: 'gold' });
    expect(status).toBe(200);
    expect(body.metadata).toEqual(SET);
    const keys = ['greeting', 'layout', 'new-checkout', 'no-default', 'price', 'switched-off', 'targeted'];
    expect(body.flags.map(({ key }: { key: string }) => key)).toEqual(keys);
    for (const item of body.flags)
      expect(item).toEqual((await askFlag(evaluator, item.key, { tier: 'gold' })).body);
    const slashed = await ask(evaluator, { path: `${FLAGS}/`, body: '{"context":{"tier":"gold"}}' });
    expect(slashed.body).toEqual(body);
  });

  it('hold what failed beside the others', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'rollout', stringFlag('a', 'b')),
      entity.config('default', 'development', 'rollout', HALVED),
    );
    const { status, body } = await askFlags(await start(log));
    expect(status).toBe(200);
    expect(body.flags).toEqual([
      { key: 'new-checkout', value: true, reason: 'STATIC', variant: 'on', metadata: SET },
      expect.objectContaining({ key: 'rollout', errorCode: 'TARGETING_KEY_MISSING', metadata: SET }),
    ]);
  });

  it('have a tag of all that is answered: equal is 304, another attribute of the context is not', async () => {
    const evaluator = await started();
    const first = await askFlags(evaluator, { targetingKey: 'u', tier: 'tin' });
    const tag = first.headers.etag!;
    expect(tag).toMatch(/^"[0-9a-f]{64}"$/);
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, `"x",W/${tag} , "y"`, '*']) {
      const again = await askFlags(
        evaluator,
        { targetingKey: 'u', tier: 'tin' },
        { 'if-none-match': header },
      );
      expect({ status: again.status, tag: again.headers.etag, text: again.text }).toEqual({
        status: 304,
        tag,
        text: '',
      });
    }
    const other = await askFlags(evaluator, { targetingKey: 'u', tier: 'gold' }, { 'if-none-match': tag });
    expect(other.status).toBe(200);
    expect(other.headers.etag).not.toBe(tag);
    expect((await askFlags(evaluator, {}, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('are sent whole to who was told of another configuration', async () => {
    const evaluator = await started();
    const tag = (await askFlags(evaluator)).headers.etag!;
    const asked = (query: string) => askFlags(evaluator, {}, { 'if-none-match': tag }, query);
    expect((await asked('?flagConfigEtag=other')).status).toBe(200);
    expect((await asked(`?flagConfigEtag=${encodeURIComponent(tag)}`)).status).toBe(304);
    expect((await asked('?flagConfigLastModified=1')).status).toBe(304);
  });

  it('wait for the revision that an event told of', async () => {
    const log = variousLog();
    const evaluator = await start(log);
    const tag = (await askFlags(evaluator)).headers.etag!;
    const { epoch, revision } = log.position;
    log.cut = true;
    const late = log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    const asked = askFlags(
      evaluator,
      {},
      { 'if-none-match': tag },
      `?flagConfigEtag="${epoch}-${revision + 1}"`,
    );
    while (evaluator.evaluator.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
    log.cut = false;
    log.deliver(late);
    const { status, body } = await asked;
    expect(status).toBe(200);
    expect(body.flags).toContainEqual(expect.objectContaining({ key: 'new-checkout', value: false }));
    // One that is there already needs no answer where nothing has changed.
    const newest = (await askFlags(evaluator)).headers.etag!;
    const again = await askFlags(
      evaluator,
      {},
      { 'if-none-match': newest },
      `?flagConfigEtag="${epoch}-${revision + 1}"`,
    );
    expect(again.status).toBe(304);
  });

  it('say where their events are told, as the caller sees this port', async () => {
    const evaluator = await started();
    const urlOf = async (headers: Record<string, string>): Promise<string> =>
      (await askFlags(evaluator, {}, headers)).body.eventStreams[0].url;
    const query = '?project=default&environment=development';
    expect((await askFlags(evaluator)).body.eventStreams).toEqual([
      {
        type: 'sse',
        url: `http://127.0.0.1:${evaluator.evaluator.ofrepPort}/ofrep/v1/sse${query}`,
        inactivityDelaySec: 120,
      },
    ]);
    expect(await urlOf({ host: 'flags.example:81', 'x-forwarded-proto': 'https' })).toBe(
      `https://flags.example:81/ofrep/v1/sse${query}`,
    );
    expect(await urlOf({ 'flagd-selector': 'flagSetId=shop' })).toContain(
      '/ofrep/v1/sse/flagSetId%3Dshop?project',
    );
    expect(await urlOf({ 'x-forwarded-host': 'a"b' })).toBe(`/ofrep/v1/sse${query}`);
  });

  it('are those of the selector', async () => {
    const log = variousLog();
    log.commit(entity.environment('default', 'production'));
    log.commit(entity.config('default', 'production', 'new-checkout', serving('off')));
    const evaluator = await start(log);
    const shop = await askFlags(evaluator, {}, { 'Flagd-Selector': 'flagSetId=shop' });
    expect(shop.body.flags.map(({ key }: { key: string }) => key)).toEqual(['greeting']);
    const production = await askFlag(
      evaluator,
      'new-checkout',
      {},
      { 'flagd-selector': 'flagSetId=default/production' },
    );
    expect(production.body).toMatchObject({ value: false, metadata: { flagSetId: 'default/production' } });
    const left = await askFlag(evaluator, 'new-checkout', {}, { 'flagd-selector': 'flagSetId=shop' });
    expect({ status: left.status, code: left.body.errorCode }).toEqual({
      status: 404,
      code: 'FLAG_NOT_FOUND',
    });
    const bad = await askFlags(evaluator, {}, { 'flagd-selector': 'version=1' });
    expect({ status: bad.status, code: bad.body.errorCode }).toEqual({ status: 400, code: 'GENERAL' });
  });

  it('are compressed from a kilobyte on, for who takes that', async () => {
    const log = variousLog();
    for (let index = 0; index < 5; index++)
      log.commit(
        entity.flag('default', `more-${index}`, stringFlag('a')),
        entity.config('default', 'development', `more-${index}`, serving('a')),
      );
    const evaluator = await start(log);
    const plain = await askFlags(evaluator);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await askFlags(evaluator, {}, { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: expect.stringContaining('Accept-Encoding'),
    });
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length);
    expect(packed.text).toBe(plain.text);
    expect(packed.headers.etag).toBe(plain.headers.etag);
    expect(
      (await askFlags(evaluator, {}, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
    ).toBeUndefined();
    const short = await askFlag(evaluator, 'price', {}, { 'accept-encoding': 'gzip' });
    expect(short.headers['content-encoding']).toBeUndefined();
  });

  it('that are longer than ofrepAnswerBytesMax are refused', async () => {
    const log = shopLog();
    const long = 'x'.repeat(65_000);
    for (let index = 0; index < Math.ceil(LIMITS.ofrepAnswerBytesMax / long.length); index++)
      log.commit(
        entity.flag('default', `long-${index}`, {
          kind: 'FLAG_KIND_STRING',
          variants: [{ key: 'v', value: long }],
        }),
        entity.config('default', 'development', `long-${index}`, serving('v')),
      );
    const { status, body } = await askFlags(await start(log));
    expect(status).toBe(400);
    expect(body.errorDetails).toContain(String(LIMITS.ofrepAnswerBytesMax));
  });
});

describe('a request', () => {
  it.each([
    ['GET', `${FLAGS}/new-checkout`, 405, 'POST, OPTIONS'],
    ['PUT', FLAGS, 405, 'POST, OPTIONS'],
    ['POST', '/ofrep/v1/sse', 405, 'GET, OPTIONS'],
    ['GET', '/', 404, undefined],
    ['POST', '/ofrep/v1/evaluate', 404, undefined],
    ['POST', '/ofrep/v1/evaluate/flagsx', 404, undefined],
  ])('%s %s is answered with %d and JSON', async (method, path, status, allow) => {
    const reply = await ask(await started(), { method, path });
    expect({ status: reply.status, allow: reply.headers.allow }).toEqual({ status, allow });
    expect(reply.body).toMatchObject({ errorDetails: expect.any(String), metadata: {} });
  });

  it('has a body of ofrepRequestBytesMax at most, whether or not it says so beforehand', async () => {
    const evaluator = await started();
    const path = `${FLAGS}/new-checkout`;
    const bodyOf = (bytes: number): string => `{"context":{}}`.padEnd(bytes, ' ');
    const whole = await ask(evaluator, { path, body: bodyOf(LIMITS.ofrepRequestBytesMax) });
    expect(whole.status).toBe(200);
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const { status, body } = await ask(evaluator, {
        path,
        body: bodyOf(LIMITS.ofrepRequestBytesMax + 1),
        headers,
      });
      expect({ status, details: body.errorDetails }).toEqual({
        status: 413,
        details: expect.stringContaining(String(LIMITS.ofrepRequestBytesMax)),
      });
    }
  });

  it('whose body is compressed is refused: what it would become is not bounded', async () => {
    const { status, body } = await ask(await started(), {
      headers: { 'content-encoding': 'gzip' },
      body: 'x',
    });
    expect({ status, body }).toMatchObject({ status: 415, body: { metadata: {} } });
  });

  it('that asks for HTTP/2 is answered as it came, as Java sends it', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    };
    expect((await askFlag(await started(), 'new-checkout', { a: 1 }, headers)).body).toMatchObject({
      value: true,
    });
  });

  it('that nobody could read gets JSON as well', async () => {
    const evaluator = await started();
    const socket = connect(evaluator.evaluator.ofrepPort, '127.0.0.1');
    const said = (async () => {
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text;
    })();
    await once(socket, 'connect');
    socket.write('POST / HTTP/1.1\r\nhost x\r\n\r\n');
    const text = await said;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      errorCode: 'GENERAL',
      metadata: {},
    });
  });

  it('before the first state is told when to come back', async () => {
    const log = new MemoryLog();
    log.records.splice(0);
    const evaluator = await start(log, { monotonicMs: () => 0 });
    for (const reply of [await askFlag(evaluator, 'x'), await askFlags(evaluator)]) {
      expect({ status: reply.status, retry: reply.headers['retry-after'] }).toEqual({
        status: 503,
        retry: '1',
      });
      expect(reply.body).toMatchObject({ errorCode: 'GENERAL', metadata: {} });
    }
  });

  it('of an environment that is not there is not found', async () => {
    const evaluator = await started();
    const reply = await askFlag(evaluator, 'x', {}, { 'flagstream-environment': 'nowhere' });
    expect(reply.status).toBe(404);
    expect(reply.body.errorDetails).toContain('nowhere');
    const all = await askFlags(evaluator, {}, { 'flagstream-environment': 'nowhere' });
    expect(all.status).toBe(404);
  });

  it('is counted by route and status', async () => {
    const evaluator = await started();
    await askFlag(evaluator, 'new-checkout');
    await askFlag(evaluator, 'nothing');
    await askFlags(evaluator);
    await ask(evaluator, { path: '/x' });
    const scraped = await (
      await fetch(`http://127.0.0.1:${evaluator.evaluator.managementPort}/metrics`)
    ).text();
    for (const line of [
      'flagstream_ofrep_requests_total{route="flag",status="200"} 1',
      'flagstream_ofrep_requests_total{route="flag",status="404"} 1',
      'flagstream_ofrep_requests_total{route="flags",status="200"} 1',
      'flagstream_ofrep_requests_total{route="none",status="404"} 1',
      'flagstream_ofrep_request_seconds_count{route="flag"} 2',
      'flagstream_ofrep_held_bytes 0',
    ])
      expect(scraped).toContain(line);
  });
});

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

import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { type Started, start } from '../evaluator.fixture.ts';
import { entity, serving, shopLog, stringFlag } from '../log.fixture.ts';
import { ask, askFlag, askFlags, HALVED, variousLog } from './ofrep.fixture.ts';

const SET = { flagSetId: 'default/development' };
const FLAGS = '/ofrep/v1/evaluate/flags';

const started = (): Promise<Started> => start(variousLog());

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
    const evaluator = await start(variousLog(), {}, { corsOrigins: ['https://flags.example:*'] });
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
    // Other bytes of the same document.
    expect(packed.headers.etag).toBe(`W/${plain.headers.etag}`);
    for (const tag of [plain.headers.etag!, packed.headers.etag!]) {
      const unchanged = await askFlags(
        evaluator,
        {},
        { 'accept-encoding': 'gzip', 'if-none-match': tag },
        `?flagConfigEtag=${encodeURIComponent(tag)}`,
      );
      expect({ status: unchanged.status, headers: unchanged.headers }).toMatchObject({
        status: 304,
        headers: { etag: packed.headers.etag, vary: packed.headers['vary'] },
      });
    }
    for (const accepted of ['gzip;q=0', 'gzip;q=0, *', '*, gzip;q=0.0', '*;q=0', 'br'])
      expect(
        (await askFlags(evaluator, {}, { 'accept-encoding': accepted })).headers['content-encoding'],
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

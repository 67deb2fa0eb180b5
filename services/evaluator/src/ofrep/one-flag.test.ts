import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { type Started, start } from '../evaluator.fixture.ts';
import { entity, shopLog, stringFlag } from '../log.fixture.ts';
import { ask, askFlag, askFlags, HALVED, variousLog } from './ofrep.fixture.ts';

const SET = { flagSetId: 'default/development' };
const FLAGS = '/ofrep/v1/evaluate/flags';

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

  it.each([7, null, true, { id: 1 }])(
    'takes a targeting key that is no text, as flagd: %j',
    async (targetingKey) => {
      const evaluator = await started();
      const context = { targetingKey, tier: 'gold' };
      expect((await askFlag(evaluator, 'targeted', context)).body).toMatchObject({ value: true });
      expect((await askFlags(evaluator, context)).body.flags).toContainEqual(
        expect.objectContaining({ key: 'targeted', value: true }),
      );
    },
  );

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

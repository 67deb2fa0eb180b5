import { LIMITS } from '@flagstream/protocol';
import { Reason } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { type Principal, VERBS } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../../test/support/private-value.ts';
import { call, failure, type Started, start, TestClock } from '../evaluator.fixture.ts';
import { booleanFlag, entity, serving, shopLog, stringFlag } from '../log.fixture.ts';

describe('EvaluateBatch', () => {
  it('answers all contexts times all flags at one revision', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'banner', stringFlag('a', 'b')),
      entity.config('default', 'development', 'banner', {
        ...serving('a'),
        targets: [{ variant: 'b', values: ['u2'] }],
      }),
    );
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    const all = await call(client, client.evaluateBatch, {
      flagKeys: [],
      contexts: [
        { targetingKey: 'u1', email: privateValue('first') },
        { targetingKey: 'u2', email: privateValue('second') },
      ],
      allowStale: false,
    });
    expect(all.revision).toBe(4n);
    expect(all.results.map(({ results }) => results.map((r) => [r.flagKey, r.value]))).toEqual([
      [
        ['banner', 'a'],
        ['new-checkout', true],
      ],
      [
        ['banner', 'b'],
        ['new-checkout', true],
      ],
    ]);
    const some = await call(client, client.evaluateBatch, {
      flagKeys: ['gone', 'banner'],
      contexts: [{}],
      allowStale: false,
    });
    expect(some.results[0]?.results).toMatchObject([
      {
        flagKey: 'gone',
        reason: Reason.ERROR,
        errorCode: 2,
        errorMessage: 'flag "gone" not found in environment "development"',
      },
      { flagKey: 'banner', value: 'a', errorCode: 0 },
    ]);
  });

  it('has limits', async () => {
    const { client, evaluator } = await start(shopLog());
    await evaluator.ready();
    const batch = (flagKeys: string[], contexts: object[]) =>
      failure(call(client, client.evaluateBatch, { flagKeys, contexts, allowStale: false }));
    expect(await batch([], [])).toMatchObject({ reason: 'INVALID_FIELD', fields: [{ field: 'contexts' }] });
    const contexts = Array.from({ length: LIMITS.batchContextsMax + 1 }, () => ({}));
    expect(await batch([], contexts)).toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      fields: [{ field: 'contexts' }],
    });
    const keys = Array.from({ length: 41 }, (_, index) => `k${index}`);
    expect(await batch(keys, contexts.slice(1))).toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    expect(await batch(['a', 'b', 'a'], [{}])).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'flag_keys[2]' }],
    });
    expect(await batch([], [{}, { targetingKey: 1 }])).toMatchObject({
      reason: 'INVALID_CONTEXT',
      fields: [{ field: 'contexts[1].targetingKey' }],
    });
  });
});

describe('a large batch', () => {
  const evaluate = (client: Started['client']) =>
    call(client, client.evaluate, { flagKey: 'new-checkout', expectedKind: 0, allowStale: false });
  const large = (flagKeys: string[]) => ({
    flagKeys,
    contexts: Array.from({ length: LIMITS.batchContextsMax }, () => ({})),
    allowStale: false,
  });

  it('lets others be answered in between, is of the state that it began with, and says how old that is', async () => {
    const log = shopLog();
    const clock = new TestClock();
    // Long enough for many slices on any machine.
    const rules = Array.from({ length: 100 }, (_, index) => ({
      id: `r${index}`,
      condition: { compare: { attribute: 'plan', operator: 'equals', values: [`p${index}`] } },
      serve: { variant: 'off' },
    }));
    for (let index = 0; index < 39; index++)
      log.commit(
        entity.flag('default', `f${index}`, booleanFlag),
        entity.config('default', 'development', `f${index}`, { ...serving('on'), rules }),
      );
    const { client, evaluator } = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
    await evaluator.ready();
    const began = BigInt(log.position.revision);
    const contexts = Array.from({ length: LIMITS.batchContextsMax }, () => ({ plan: 'none' }));
    const batch = call(client, client.evaluateBatch, { flagKeys: [], contexts, allowStale: false });
    expect(await evaluate(client)).toMatchObject({ value: true });
    log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
    clock.advance(1_000);
    const { results, revision, freshness } = await batch;
    expect(revision).toBe(began);
    expect(freshness?.stalenessMs).toBeGreaterThanOrEqual(1_000);
    expect(results).toHaveLength(LIMITS.batchContextsMax);
    for (const { results: each } of results) expect(each.every(({ value }) => value === true)).toBe(true);
    expect(await evaluate(client)).toMatchObject({ value: false, revision: began + 1n });
  });

  it('takes of its key as many calls as it is work', async () => {
    const verbs = new Set(VERBS);
    const place = { project: 'default', environment: 'development' };
    const holder: Principal = { kind: 'client', id: 'k', ...place, verbs, grants: [{ ...place, verbs }] };
    // Time stands still: nothing is given back meanwhile.
    const deps = { authenticate: () => holder, monotonicMs: () => 5_000 };
    const { client, evaluator } = await start(shopLog(), deps);
    await evaluator.ready();
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    // Far fewer calls than a key may make at once.
    const batches = Array.from({ length: 40 }, () => call(client, client.evaluateBatch, large(keys)));
    const refused = batches.map((batch) => failure(batch));
    expect(await Promise.any(refused)).toMatchObject({
      reason: 'OVERLOADED',
      message: expect.stringContaining('this key makes more than'),
      retryAfterMs: expect.any(Number),
    });
  });

  it('is refused where its answer is larger than batchAnswerBytesMax', async () => {
    const log = shopLog();
    const value = 'x'.repeat(LIMITS.batchAnswerBytesMax / LIMITS.batchContextsMax);
    log.commit(
      entity.flag('default', 'big', { ...stringFlag('a'), variants: [{ key: 'a', value }] }),
      entity.config('default', 'development', 'big', serving('a')),
    );
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    expect(await failure(call(client, client.evaluateBatch, large(['big'])))).toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      fields: [{ field: 'contexts' }],
      metadata: { revision: '4' },
    });
    const fewer = { ...large(['big']), contexts: Array.from({ length: 950 }, () => ({})) };
    expect((await call(client, client.evaluateBatch, fewer)).results).toHaveLength(950);
  });
});

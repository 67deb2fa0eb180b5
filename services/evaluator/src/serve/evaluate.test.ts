import { LIMITS } from '@flagstream/protocol';
import {
  ErrorCode,
  EvaluateRequest,
  type EvaluateResponse,
  EvaluationServiceService,
  Reason,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Struct } from '@flagstream/protocol/gen/google/protobuf/struct';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../../test/support/private-value.ts';
import { call, failure, type Started, start, waiting } from '../evaluator.fixture.ts';
import { booleanFlag, entity, serving, shopLog, stringFlag } from '../log.fixture.ts';

type Request = Partial<EvaluateRequest>;

const evaluate = ({ client }: Started, request: Request, metadata?: Record<string, string>) =>
  call(
    client,
    client.evaluate,
    { flagKey: 'new-checkout', expectedKind: 0, allowStale: false, ...request },
    metadata,
  );

describe('Evaluate', () => {
  it('answers value, variant, reason, kind, revision and freshness', async () => {
    const log = shopLog();
    const started = await start(log);
    await started.evaluator.ready();
    const answer = await evaluate(started, { context: { targetingKey: privateValue('user') } });
    expect(answer).toMatchObject({
      value: true,
      variant: 'on',
      reason: Reason.STATIC,
      kind: FlagKind.BOOLEAN,
      enabled: true,
      epoch: 1,
      revision: BigInt(log.position.revision),
    });
    expect(answer.freshness?.estimated).toBe(false);
  });

  it('follows a change, and archives', async () => {
    const log = shopLog();
    const started = await start(log);
    await started.evaluator.ready();
    log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
    expect(await evaluate(started, {})).toMatchObject({
      value: false,
      reason: Reason.DISABLED,
      revision: 4n,
    });
    log.commit(entity.flag('default', 'new-checkout', null));
    const error = await failure(evaluate(started, {}));
    expect(error).toMatchObject({
      reason: 'FLAG_NOT_FOUND',
      message: 'flag "new-checkout" not found in environment "development"',
    });
  });

  it('takes project and environment from the metadata and tells nobody what else exists', async () => {
    const log = shopLog();
    log.commit(
      entity.environment('default', 'production'),
      entity.config('default', 'production', 'new-checkout', { enabled: false }),
    );
    const started = await start(log);
    await started.evaluator.ready();
    expect(await evaluate(started, {}, { 'flagstream-environment': 'production' })).toMatchObject({
      value: false,
    });
    expect(await failure(evaluate(started, {}, { 'flagstream-environment': 'staging' }))).toMatchObject({
      reason: 'ENVIRONMENT_NOT_FOUND',
      message: 'environment "staging" does not exist in project "default"',
    });
    expect(await failure(evaluate(started, {}, { 'flagstream-project': 'other' }))).toMatchObject({
      reason: 'PROJECT_NOT_FOUND',
      message: 'project "other" does not exist',
    });
  });

  it('leaves the value out where the caller has the default', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'banner', stringFlag('a')),
      entity.config('default', 'development', 'banner', { enabled: true }),
    );
    const started = await start(log);
    await started.evaluator.ready();
    const answer = await evaluate(started, { flagKey: 'banner' });
    expect(answer.value).toBeUndefined();
    expect(answer).toMatchObject({ variant: '', kind: FlagKind.STRING });
  });

  it('refuses another kind than the expected one', async () => {
    const started = await start(shopLog());
    await started.evaluator.ready();
    expect(await evaluate(started, { expectedKind: FlagKind.BOOLEAN })).toMatchObject({ value: true });
    expect(await failure(evaluate(started, { expectedKind: FlagKind.NUMBER }))).toMatchObject({
      reason: 'TYPE_MISMATCH',
      message: 'flag "new-checkout" is boolean, not number',
    });
  });

  it('says that the targeting key is missing', async () => {
    const log = shopLog();
    const entries = [{ variant: 'on', ranges: [{ from: 0, to: 100_000 }] }];
    const split = { gate: { missing: 'GATE_MISSING_POLICY_ERROR' }, entries };
    log.commit(
      entity.config('default', 'development', 'new-checkout', { enabled: true, fallthrough: { split } }),
    );
    const started = await start(log);
    await started.evaluator.ready();
    expect(await failure(evaluate(started, {}))).toMatchObject({ reason: 'TARGETING_KEY_MISSING' });
    expect(await evaluate(started, { context: { targetingKey: privateValue('user') } })).toMatchObject({
      reason: Reason.SPLIT,
    });
  });

  it('names the attribute of a context that does not do', async () => {
    const started = await start(shopLog());
    await started.evaluator.ready();
    const nested = (levels: number): object =>
      levels === 0 ? { end: privateValue('nested') } : { next: nested(levels - 1) };
    const many = Object.fromEntries(
      Array.from({ length: LIMITS.contextAttributesMax + 1 }, (_, i) => [`a${i}`, i]),
    );
    const cases: [Record<string, unknown>, string][] = [
      [{ targetingKey: 7, email: privateValue('email') }, 'context.targetingKey'],
      [{ deep: nested(LIMITS.contextDepthMax) }, 'context.deep.next.next'],
      [
        { plan: 'x', text: `${privateValue('text')}${'ä'.repeat(LIMITS.contextBytesMax / 2)}` },
        'context, at context.text',
      ],
      [{ price: Number.NaN, plan: privateValue('plan') }, 'context.price'],
      [many, 'context'],
    ];
    for (const [context, field] of cases) {
      const error = await failure(evaluate(started, { context }));
      expect(error.reason).toBe('INVALID_CONTEXT');
      expect(error.fields[0]?.field).toMatch(new RegExp(`^${field}`));
    }
    expect(await evaluate(started, { context: { deep: nested(LIMITS.contextDepthMax - 2) } })).toMatchObject({
      value: true,
    });
  });

  it('is not impressed by __proto__ in a context', async () => {
    const log = shopLog();
    const rule = {
      id: 'r',
      condition: { compare: { attribute: 'admin', operator: 'exists' } },
      serve: { variant: 'off' },
    };
    log.commit(
      entity.config('default', 'development', 'new-checkout', {
        enabled: true,
        rules: [rule],
        fallthrough: { variant: 'on' },
      }),
    );
    const started = await start(log);
    await started.evaluator.ready();
    // The generated encoder drops such a key, so the bytes are made by hand: {"__proto__": {"admin": true}}.
    const fields = Object.defineProperty({}, '__proto__', { value: { admin: true }, enumerable: true });
    const struct = Struct.encode({ fields }).finish();
    expect(Buffer.from(struct).includes('__proto__')).toBe(true);
    const request = Buffer.concat([
      EvaluateRequest.encode(EvaluateRequest.fromJSON({ flagKey: 'new-checkout' })).finish(),
      Buffer.from([0x12, struct.length]),
      struct,
    ]);
    const answer = await new Promise<EvaluateResponse>((resolve, reject) => {
      const { path, responseDeserialize } = EvaluationServiceService.evaluate;
      started.client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        responseDeserialize,
        request,
        (error, value) => (error === null ? resolve(value!) : reject(error)),
      );
    });
    expect(answer).toMatchObject({ value: true });
    expect(await evaluate(started, { context: { admin: 1 } })).toMatchObject({ value: false });
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('before the first state', () => {
  it('is not ready, and becomes ready with the log', async () => {
    const log = shopLog();
    const held = log.records.splice(1);
    const started = await start(log);
    expect(await failure(evaluate(started, {}))).toMatchObject({ reason: 'NOT_READY', retryable: true });
    for (const record of held) {
      log.records.push(record);
      log.deliver(record);
    }
    await started.evaluator.ready();
    expect(await evaluate(started, {})).toMatchObject({ value: true });
  });
});

describe('Explain', () => {
  it('tells the steps, at any instant', async () => {
    const log = shopLog();
    const rule = {
      id: 'sale',
      window: { start: '2030-01-01T00:00:00Z' },
      serve: { variant: 'off' },
    };
    log.commit(entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }));
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    const question = { flagKey: 'new-checkout', context: {}, allowStale: false };
    const now = await call(client, client.explain, question);
    expect(now.result).toMatchObject({ value: true });
    expect(now.steps.map((step) => step.kind)).toContain('rule');
    const at = { seconds: BigInt(Date.UTC(2031, 0, 1) / 1000), nanos: 0 };
    const later = await call(client, client.explain, { ...question, at });
    expect(later.result).toMatchObject({ value: false, ruleId: 'sale' });
    expect(await failure(call(client, client.explain, { ...question, flagKey: 'no' }))).toMatchObject({
      reason: 'FLAG_NOT_FOUND',
    });
  });
});

describe('a flag key that no flag can have', () => {
  it('is refused where it is too long, as answers say keys again, and else is not found', async () => {
    const started = await start(shopLog());
    await started.evaluator.ready();
    const { client } = started;
    const ask = (flagKey: string, contexts: object[] = [{}]) => [
      failure(evaluate(started, { flagKey })),
      failure(call(client, client.explain, { flagKey, allowStale: false })),
      failure(call(client, client.evaluateBatch, { flagKeys: ['x', flagKey], contexts, allowStale: false })),
    ];
    const contexts = Array.from({ length: LIMITS.batchContextsMax }, () => ({}));
    const errors = await Promise.all(ask('k'.repeat(600_000), contexts));
    for (const error of errors) {
      expect(error.reason).toBe('INVALID_FIELD');
      expect(error.message.length).toBeLessThan(200);
    }
    expect(errors.map(({ fields }) => fields[0]?.field)).toEqual(['flag_key', 'flag_key', 'flag_keys[1]']);
    const odd = 'No such flag! \u00e4'.padEnd(LIMITS.keyLengthMax, '/');
    expect(await failure(evaluate(started, { flagKey: odd }))).toMatchObject({ reason: 'FLAG_NOT_FOUND' });
    const batch = await call(client, client.evaluateBatch, {
      flagKeys: [odd],
      contexts: [{}],
      allowStale: false,
    });
    expect(batch.results[0]?.results).toMatchObject([{ flagKey: odd, errorCode: ErrorCode.FLAG_NOT_FOUND }]);
  });
});

describe('an answer that is an error', () => {
  it('says of which state it is, and how old that can be', async () => {
    const log = shopLog();
    const started = await start(log);
    await started.evaluator.ready();
    const { client } = started;
    const place = {
      epoch: '1',
      revision: '3',
      stalenessMs: expect.stringMatching(/^\d+$/),
      estimated: 'false',
      source: 'SOURCE_STATE_LIVE',
      belowMinRevision: 'false',
    };
    const errors = await Promise.all([
      failure(evaluate(started, { flagKey: 'no' })),
      failure(evaluate(started, { expectedKind: FlagKind.NUMBER })),
      failure(call(client, client.explain, { flagKey: 'no', allowStale: false })),
      failure(evaluate(started, {}, { 'flagstream-environment': 'staging' })),
      failure(evaluate(started, {}, { 'flagstream-project': 'other' })),
    ]);
    expect(errors.map(({ reason }) => reason)).toEqual([
      'FLAG_NOT_FOUND',
      'TYPE_MISMATCH',
      'FLAG_NOT_FOUND',
      'ENVIRONMENT_NOT_FOUND',
      'PROJECT_NOT_FOUND',
    ]);
    for (const { metadata } of errors) expect(metadata).toMatchObject(place);
    expect(errors[0]?.metadata).toMatchObject({ flag: 'no', environment: 'development' });
  });

  it('says that a flag is not found because the evaluator has not got so far', async () => {
    const log = shopLog();
    const started = await start(log);
    await started.evaluator.ready();
    log.cut = true;
    log.headFault = 'nobody answers';
    const { epoch, revision } = log.commit(entity.flag('default', 'fresh', booleanFlag));
    const minRevision = { epoch, revision: BigInt(revision), hash: Buffer.alloc(0) };
    const error = await failure(evaluate(started, { flagKey: 'fresh', minRevision, allowStale: true }));
    expect(error).toMatchObject({
      reason: 'FLAG_NOT_FOUND',
      metadata: { epoch: '1', revision: '3', belowMinRevision: 'true' },
    });
  });
});

describe('min_revision', () => {
  const at = (epoch: number, revision: bigint, hash: Uint8Array = Buffer.alloc(0)) => ({
    epoch,
    revision,
    hash: Buffer.from(hash),
  });

  it('bounds every kind of answer, and says in the metadata how far the evaluator is', async () => {
    const { client, evaluator } = await start(shopLog());
    await evaluator.ready();
    const minRevision = at(1, 4n);
    const late = [
      call(client, client.evaluate, {
        flagKey: 'new-checkout',
        expectedKind: 0,
        minRevision,
        allowStale: false,
      }),
      call(client, client.evaluateBatch, { flagKeys: [], contexts: [{}], minRevision, allowStale: false }),
      call(client, client.explain, { flagKey: 'new-checkout', minRevision, allowStale: false }),
    ];
    for (const error of await Promise.all(late.map(failure)))
      expect(error).toMatchObject({
        reason: 'REVISION_NOT_REACHED',
        metadata: { wanted: 'e1.4', applied: 'e1.3' },
      });
  });

  it('lets those who allow it have an older answer, which says that it is one', async () => {
    const log = shopLog();
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    const stale = { flagKey: 'new-checkout', expectedKind: 0, allowStale: true } as const;
    const [single, batch, explained] = await Promise.all([
      call(client, client.evaluate, { ...stale, minRevision: at(0, 4n) }),
      call(client, client.evaluateBatch, {
        flagKeys: [],
        contexts: [{}],
        minRevision: at(1, 4n),
        allowStale: true,
      }),
      call(client, client.explain, { ...stale, minRevision: at(2, 1n) }),
    ]);
    for (const answer of [single, batch, explained])
      expect(answer).toMatchObject({ revision: 3n, belowMinRevision: true });
    const reached = await call(client, client.evaluate, { ...stale, minRevision: at(1, 3n) });
    expect(reached).toMatchObject({ revision: 3n, belowMinRevision: false });
    const forked = call(client, client.evaluate, { ...stale, minRevision: at(1, 3n, Buffer.alloc(32)) });
    expect(await failure(forked)).toMatchObject({ reason: 'REVISION_FORKED' });
  });

  it('ends the wait as soon as the revision is there', async () => {
    const log = shopLog();
    const started = await start(log);
    const { client, evaluator } = started;
    await evaluator.ready();
    const explained = call(client, client.explain, {
      flagKey: 'new-checkout',
      minRevision: at(1, 4n),
      allowStale: true,
    });
    await waiting(started);
    log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    expect(await explained).toMatchObject({
      revision: 4n,
      belowMinRevision: false,
      result: { value: false },
    });
  });
});

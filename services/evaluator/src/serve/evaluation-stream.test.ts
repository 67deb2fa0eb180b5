import { LIMITS } from '@flagstream/protocol';
import {
  type DeepPartial,
  ErrorCode,
  EvaluateStreamRequest,
  type EvaluateStreamResponse,
  type EvaluationServiceClient,
  EvaluationServiceService,
  Reason,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FlagKind, type Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type Principal, VERBS } from '@flagstream/runtime';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../../test/support/private-value.ts';
import { scrape } from '../../../../test/support/scrape.ts';
import {
  call,
  closing,
  failure,
  Inbox,
  type Started,
  start,
  testConfig,
  waiting,
} from '../evaluator.fixture.ts';
import { entity, serving, shopLog, stringFlag } from '../log.fixture.ts';

const FLAG = 'new-checkout';
const off = entity.config('default', 'development', FLAG, { enabled: false });
const at = (revision: bigint, hash = Buffer.alloc(0)): Revision => ({ epoch: 1, revision, hash });
const one = [{ flagKey: FLAG }];
/** By the key of its flag, and what stands around that. */
const tooLong = EvaluateStreamRequest.encode(
  EvaluateStreamRequest.fromPartial({
    evaluations: [{ flagKey: 'k'.repeat(LIMITS.streamedRequestBytesMax) }],
  }),
).finish();

type Message = DeepPartial<EvaluateStreamRequest>;

/** A stream, and what was answered on it. */
class Probe {
  readonly stream: ClientDuplexStream<EvaluateStreamRequest, EvaluateStreamResponse>;
  readonly inbox: Inbox<EvaluateStreamResponse>;

  constructor(client: EvaluationServiceClient) {
    this.stream = closing(client.evaluateStream(), (stream) => stream.cancel());
    this.inbox = new Inbox(this.stream as ClientDuplexStream<never, EvaluateStreamResponse>);
  }

  ask(id: number, message: Message = { evaluations: one }): void {
    this.stream.write(EvaluateStreamRequest.fromPartial({ ...message, id: BigInt(id) }));
  }

  answer(id: number): Promise<EvaluateStreamResponse> {
    return this.inbox.until(() => this.inbox.messages.find((message) => message.id === BigInt(id)));
  }

  get ids(): readonly number[] {
    return this.inbox.messages.map(({ id }) => Number(id));
  }
}

async function probed(
  log = shopLog(),
  ...rest: [deps?: Parameters<typeof start>[1], over?: Parameters<typeof start>[2]]
): Promise<Started & { readonly probe: Probe; readonly log: typeof log }> {
  const started = await start(log, ...rest);
  await started.evaluator.ready();
  return { ...started, log, probe: new Probe(started.client) };
}

describe('EvaluateStream', () => {
  it('answers each message by its id, its evaluations in their order, and nothing to what was not asked', async () => {
    const log = shopLog();
    log.commit(
      entity.flag('default', 'banner', stringFlag('a', 'b')),
      entity.config('default', 'development', 'banner', {
        ...serving('a'),
        targets: [{ variant: 'b', values: ['u2'] }],
      }),
    );
    const { probe } = await probed(log);
    const email = privateValue('own');
    probe.ask(7, {
      context: { targetingKey: 'u2', email: privateValue('shared') },
      evaluations: [
        { flagKey: 'banner' },
        { flagKey: FLAG },
        { flagKey: 'banner', context: { targetingKey: 'u1', email } },
        // Nothing of the message's context is in it.
        { flagKey: 'banner', context: {} },
      ],
    });
    for (let id = 8; id < 200; id++) probe.ask(id);
    const { results, ...rest } = await probe.answer(7);
    expect(results.map(({ flagKey, value, errorCode }) => [flagKey, value, errorCode])).toEqual([
      ['banner', 'b', 0],
      [FLAG, true, 0],
      ['banner', 'a', 0],
      ['banner', 'a', 0],
    ]);
    expect(rest).toMatchObject({ epoch: 1, revision: 4n, belowMinRevision: false, error: undefined });
    expect(rest.freshness).toBeDefined();
    probe.stream.end();
    await probe.inbox.until(() => probe.inbox.ended);
    expect(probe.inbox.error).toBeUndefined();
    expect(probe.ids).toEqual(Array.from({ length: 193 }, (_, index) => index + 7));
  });

  it('says in its result what is wrong with an evaluation', async () => {
    const { probe, evaluator } = await probed();
    const missing = { flagKey: 'gone' };
    probe.ask(1, {
      evaluations: [
        missing,
        { flagKey: FLAG, expectedKind: FlagKind.STRING },
        { flagKey: FLAG, context: { targetingKey: 1 } },
        { flagKey: 'k'.repeat(LIMITS.keyLengthMax + 1) },
        { flagKey: FLAG, expectedKind: FlagKind.BOOLEAN },
      ],
    });
    const { results, error } = await probe.answer(1);
    expect(error).toBeUndefined();
    expect(results).toMatchObject([
      { flagKey: 'gone', errorCode: ErrorCode.FLAG_NOT_FOUND, reason: Reason.ERROR },
      {
        flagKey: FLAG,
        value: undefined,
        errorCode: ErrorCode.TYPE_MISMATCH,
        errorMessage: 'flag "new-checkout" is boolean, not string',
      },
      {
        flagKey: FLAG,
        errorCode: ErrorCode.INVALID_CONTEXT,
        errorMessage: 'evaluations[2].context.targetingKey: must be a string',
      },
      { flagKey: '', errorCode: ErrorCode.GENERAL },
      { flagKey: FLAG, value: true, errorCode: 0 },
    ]);
    const port = evaluator.managementPort;
    expect(await scrape(port, 'flagstream_evaluations_total{reason="ERROR"}')).toBe(1);
  });

  it('says in its answer what is wrong with a message, and goes on with the others', async () => {
    const { probe } = await probed();
    const many = LIMITS.streamedEvaluationsMax;
    probe.ask(1, { evaluations: [] });
    probe.ask(2, { evaluations: Array(many + 1).fill({ flagKey: FLAG }) });
    probe.ask(3, { evaluations: one, context: { targetingKey: 1 } });
    probe.ask(4, { evaluations: one, minRevision: at(3n, Buffer.alloc(32)), allowStale: true });
    probe.ask(5, { evaluations: Array(many).fill({ flagKey: FLAG }) });
    const refused = async (id: number): Promise<unknown> => {
      const { results, error, revision } = await probe.answer(id);
      expect([results, revision]).toEqual([[], 3n]);
      return error;
    };
    expect(await refused(1)).toMatchObject({ reason: 'INVALID_FIELD', retryAfterMs: 0 });
    expect(await refused(2)).toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      message: `evaluations: ${many + 1} are given, at most ${many} are allowed in one message`,
    });
    expect(await refused(3)).toMatchObject({
      reason: 'INVALID_CONTEXT',
      message: 'context.targetingKey: must be a string',
    });
    expect(await refused(4)).toMatchObject({ reason: 'REVISION_FORKED' });
    expect((await probe.answer(5)).results).toHaveLength(many);
  });

  it('answers nothing larger than batchAnswerBytesMax', async () => {
    const log = shopLog();
    const value = 'x'.repeat(60_000);
    const fitting = Math.floor(LIMITS.batchAnswerBytesMax / 60_100);
    log.commit(
      entity.flag('default', 'big', { ...stringFlag('a'), variants: [{ key: 'a', value }] }),
      entity.config('default', 'development', 'big', serving('a')),
    );
    const { probe } = await probed(log);
    probe.ask(1, { evaluations: Array(fitting + 1).fill({ flagKey: 'big' }) });
    probe.ask(2, { evaluations: Array(fitting).fill({ flagKey: 'big' }) });
    expect(await probe.answer(1)).toMatchObject({ results: [], error: { reason: 'LIMIT_EXCEEDED' } });
    expect((await probe.answer(2)).results).toHaveLength(fitting);
  });

  it('lets others be answered while a message waits for its revision', async () => {
    const started = await probed();
    const { probe, log } = started;
    probe.ask(1, { evaluations: one, minRevision: at(4n) });
    await waiting(started);
    probe.ask(2);
    expect(await probe.answer(2)).toMatchObject({ revision: 3n, results: [{ value: true }] });
    expect(probe.ids).toEqual([2]);
    log.commit(off);
    expect(await probe.answer(1)).toMatchObject({ revision: 4n, results: [{ value: false }] });
    probe.ask(3, { evaluations: one, minRevision: at(5n), allowStale: true });
    probe.ask(4, { evaluations: one, minRevision: at(5n) });
    expect(await probe.answer(3)).toMatchObject({ belowMinRevision: true, results: [{ value: false }] });
    expect(await probe.answer(4)).toMatchObject({ results: [], error: { reason: 'REVISION_NOT_REACHED' } });
  });

  it('reads no more of a stream of which streamedWaitsMax messages wait', async () => {
    const started = await probed();
    const { probe, log } = started;
    const max = LIMITS.streamedWaitsMax;
    for (let id = 1; id <= max; id++) probe.ask(id, { evaluations: one, minRevision: at(4n) });
    await waiting(started, max);
    probe.ask(max + 1);
    const other = new Probe(started.client);
    other.ask(1);
    await other.answer(1);
    expect(probe.ids).toEqual([]);
    log.commit(off);
    expect(await probe.answer(max + 1)).toMatchObject({ revision: 4n, error: undefined });
    expect(new Set(probe.ids).size).toBe(max + 1);
  });

  it('answers what waits when its caller has sent everything, then ends', async () => {
    const started = await probed();
    const { probe, log } = started;
    probe.ask(1, { evaluations: one, minRevision: at(4n) });
    probe.stream.end();
    await waiting(started);
    log.commit(off);
    await probe.inbox.until(() => probe.inbox.ended);
    expect([probe.ids, probe.inbox.error]).toEqual([[1], undefined]);
  });

  it('takes of its key what its evaluations are worth, and says when to come again', async () => {
    const verbs = new Set(VERBS);
    const place = { project: 'default', environment: 'development' };
    const holder: Principal = { kind: 'client', id: 'k', ...place, verbs, grants: [{ ...place, verbs }] };
    // Time stands still: nothing is given back meanwhile.
    const { probe, client } = await probed(shopLog(), {
      authenticate: () => holder,
      monotonicMs: () => 5_000,
    });
    const large = {
      flagKeys: Array.from({ length: 40 }, (_, index) => `k${index}`),
      contexts: Array.from({ length: LIMITS.batchContextsMax }, () => ({})),
      allowStale: false,
    };
    const batches = Array.from({ length: 40 }, () => call(client, client.evaluateBatch, large));
    // What is left is less than one more of them.
    await Promise.any(batches.map((batch) => failure(batch)));
    const { batchEvaluationsMax, streamedEvaluationsMax } = LIMITS;
    const evaluations = Array(streamedEvaluationsMax).fill({ flagKey: 'k' });
    const messages = batchEvaluationsMax / streamedEvaluationsMax;
    for (let id = 1; id <= messages; id++) probe.ask(id, { evaluations });
    const { error } = await probe.answer(messages);
    expect(error).toMatchObject({ reason: 'OVERLOADED', message: expect.stringContaining('this key makes') });
    expect(error?.retryAfterMs).toBeGreaterThan(0);
    expect(probe.inbox.error).toBeUndefined();
  });

  it('shows a client key client-visible flags alone', async () => {
    const verbs = new Set(VERBS);
    const place = { project: 'default', environment: 'development' };
    const holder: Principal = { kind: 'client', id: 'k', ...place, verbs, grants: [{ ...place, verbs }] };
    const { probe } = await probed(shopLog(), { authenticate: () => holder });
    probe.ask(1, { evaluations: [{ flagKey: FLAG, expectedKind: FlagKind.STRING }] });
    expect((await probe.answer(1)).results).toMatchObject([{ errorCode: ErrorCode.FLAG_NOT_FOUND }]);
  });
});

describe('a caller that does not read', () => {
  it('is not read either, and has every answer once it does', async () => {
    const log = shopLog();
    const value = 'x'.repeat(60_000);
    log.commit(
      entity.flag('default', 'big', { ...stringFlag('a'), variants: [{ key: 'a', value }] }),
      entity.config('default', 'development', 'big', serving('a')),
    );
    const { probe, client, evaluator } = await probed(log);
    probe.stream.pause();
    const messages = 300;
    for (let id = 1; id <= messages; id++) probe.ask(id, { evaluations: [{ flagKey: 'big' }] });
    const evaluated = (): Promise<number> =>
      scrape(evaluator.managementPort, 'flagstream_evaluations_total{reason="STATIC"}');
    let [before, now] = [-1, 0];
    // Until nothing is evaluated any more while calls of others are answered.
    for (; now !== before || now === 0; now = await evaluated()) {
      before = now;
      for (let calls = 0; calls < 20; calls++)
        await call(client, client.evaluate, { flagKey: 'gone', expectedKind: 0, allowStale: false }).catch(
          () => undefined,
        );
    }
    expect(now).toBeLessThan(messages / 4);
    expect(await scrape(evaluator.managementPort, 'flagstream_stream_dirty{kind="evaluate"}')).toBe(1);
    probe.stream.resume();
    probe.stream.end();
    await probe.inbox.until(() => probe.inbox.ended);
    expect(probe.ids).toEqual(Array.from({ length: messages }, (_, index) => index + 1));
  });
});

describe('the end of a stream', () => {
  it('is DRAINING when the process stops, after what it has begun', async () => {
    const started = await probed(shopLog(), {}, testConfig({ drainMs: 20_000 }));
    const { probe, evaluator, log } = started;
    const idle = new Probe(started.client);
    idle.ask(1);
    await idle.answer(1);
    probe.ask(1, { evaluations: one, minRevision: at(4n) });
    await waiting(started);
    const closed = evaluator.close();
    expect(await idle.inbox.until(() => idle.inbox.error)).toMatchObject({ reason: 'DRAINING' });
    expect(probe.inbox.error).toBeUndefined();
    log.commit(off);
    expect(await probe.answer(1)).toMatchObject({ results: [{ value: false }] });
    expect(await probe.inbox.until(() => probe.inbox.error)).toMatchObject({ reason: 'DRAINING' });
    await closed;
  });

  it('ends well when the process stops and its caller has sent everything before', async () => {
    const started = await probed(shopLog(), {}, testConfig({ drainMs: 20_000 }));
    const { probe, evaluator, log } = started;
    probe.ask(1, { evaluations: one, minRevision: at(4n) });
    await waiting(started);
    probe.stream.end();
    const idle = new Probe(started.client);
    idle.ask(1);
    await idle.answer(1);
    const closed = evaluator.close();
    await idle.inbox.until(() => idle.inbox.error);
    log.commit(off);
    expect(await probe.answer(1)).toMatchObject({ results: [{ value: false }] });
    await closed;
    expect([probe.inbox.ended, probe.inbox.error]).toEqual([true, undefined]);
  });

  it('says that the environment was archived', async () => {
    const { probe, log } = await probed();
    probe.ask(1);
    await probe.answer(1);
    log.commit(entity.environment('default', 'development', null));
    expect(await probe.inbox.until(() => probe.inbox.error)).toMatchObject({
      reason: 'ENVIRONMENT_NOT_FOUND',
      metadata: { epoch: '1', revision: '4', belowMinRevision: 'false' },
    });
  });

  it.each([
    ['is no message', Buffer.from([0x0a, 0xff]), 'INVALID_FIELD'],
    ['is too long', tooLong, 'LIMIT_EXCEEDED'],
  ])('is an error where what is sent %s', async (_, bytes, reason) => {
    const { target } = await probed();
    const client = closing(new Client(target, credentials.createInsecure()), (c) => c.close());
    const asItIs = (buffer: Buffer): Buffer => buffer;
    const { path } = EvaluationServiceService.evaluateStream;
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, asItIs, asItIs);
    const inbox = new Inbox(stream as unknown as ClientDuplexStream<never, Buffer>);
    stream.write(Buffer.from(bytes));
    expect(await inbox.until(() => inbox.error)).toMatchObject({ reason });
  });
});

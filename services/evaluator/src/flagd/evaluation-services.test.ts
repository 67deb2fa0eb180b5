import * as v1 from '@flagstream/protocol/gen/flagd/evaluation/v1/evaluation';
import * as v2 from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import * as schema from '@flagstream/protocol/gen/schema/v1/schema';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { closing, start } from '../evaluator.fixture.ts';
import { booleanFlag, entity, MemoryLog, serving, stringFlag } from '../log.fixture.ts';

const FLAG_SET = { flagSetId: 'default/development' };
const PLAIN = grpc.credentials.createInsecure();

/** An environment with a flag of each type, and of each way to have no value. */
function flags(): MemoryLog {
  const log = new MemoryLog();
  const flag = (key: string, flag: object, config: object = serving('on')) => [
    entity.flag('default', key, flag),
    entity.config('default', 'development', key, config),
  ];
  const valued = (kind: string, on: unknown, more: object = {}) => ({
    kind: `FLAG_KIND_${kind}`,
    variants: [
      { key: 'on', value: on },
      { key: 'off', value: on },
    ],
    ...more,
  });
  const onForStaff = {
    enabled: true,
    rules: [
      {
        id: 'staff',
        condition: { compare: { attribute: 'team', operator: 'equals', values: ['staff'] } },
        serve: { variant: 'on' },
      },
    ],
    fallthrough: { variant: 'off' },
  };
  log.commit(entity.project('default'), entity.environment('default', 'development'));
  log.commit(
    ...flag('bool', { ...booleanFlag, metadata: { owner: 'web', priority: 3 } }),
    ...flag('no', booleanFlag, serving('off')),
    ...flag('text', stringFlag('on')),
    ...flag('number', valued('NUMBER', -3.9)),
    ...flag('huge', valued('NUMBER', 1e300)),
    ...flag('object', valued('OBJECT', { a: [1, null, { b: 'c' }] })),
    ...flag('targeted', booleanFlag, onForStaff),
    ...flag('disabled', { ...booleanFlag, offVariant: '' }, { enabled: false }),
    ...flag('off', booleanFlag, { enabled: false }),
    ...flag('undecided', stringFlag('on'), { enabled: true, fallthrough: { ending: 'ENDING_CODE_DEFAULT' } }),
    ...flag('failing', stringFlag('on'), { enabled: true, fallthrough: { ending: 'ENDING_ERROR' } }),
    ...flag('ours', { ...stringFlag('on'), metadata: { flagSetId: 'payments' } }),
  );
  log.commit(entity.project('shop'), entity.environment('shop', 'live'));
  log.commit(entity.flag('shop', 'bool', booleanFlag), entity.config('shop', 'live', 'bool', serving('off')));
  return log;
}

type Fails = Pick<grpc.ServiceError, 'code' | 'details' | 'metadata'>;

async function clients() {
  const started = await start(flags());
  await started.evaluator.ready();
  const client = <C extends grpc.Client>(Client: new (target: string, c: grpc.ChannelCredentials) => C): C =>
    closing(new Client(started.target, PLAIN), (c) => c.close());
  return {
    ...started,
    v2: client(v2.ServiceClient as unknown as new (t: string, c: grpc.ChannelCredentials) => grpc.Client),
    v1: client(v1.ServiceClient as unknown as new (t: string, c: grpc.ChannelCredentials) => grpc.Client),
    schema: client(
      schema.ServiceClient as unknown as new (
        t: string,
        c: grpc.ChannelCredentials,
      ) => grpc.Client,
    ),
  };
}

/** Any unary method of the three contracts. */
function ask<O>(
  client: grpc.Client,
  method: string,
  request: { readonly flagKey?: string; readonly context?: object },
  selector?: string,
): Promise<O> {
  const metadata = new grpc.Metadata();
  if (selector !== undefined) metadata.set('flagd-selector', selector);
  const call = (client as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!;
  return new Promise((resolve, reject) => {
    call.call(
      client,
      { flagKey: '', context: undefined, ...request },
      metadata,
      (error: unknown, answer: O) => (error === null ? resolve(answer) : reject(error as Error)),
    );
  });
}

const failure = (promise: Promise<unknown>): Promise<Fails> =>
  promise.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: Fails) => error,
  );

describe('flagd.evaluation.v2', () => {
  it('answers each type with value, reason, variant and metadata', async () => {
    const { v2: client } = await clients();
    const metadata = FLAG_SET;
    expect(await ask(client, 'resolveBoolean', { flagKey: 'bool' })).toEqual({
      value: true,
      reason: 'STATIC',
      variant: 'on',
      metadata: { ...FLAG_SET, owner: 'web', priority: 3 },
    });
    // A false is said: where it is absent, the caller's default stands.
    expect(await ask(client, 'resolveBoolean', { flagKey: 'no' })).toMatchObject({ value: false });
    expect(await ask(client, 'resolveString', { flagKey: 'text' })).toMatchObject({ value: 'on', metadata });
    expect(await ask(client, 'resolveFloat', { flagKey: 'number' })).toMatchObject({ value: -3.9 });
    expect(await ask(client, 'resolveInt', { flagKey: 'number' })).toMatchObject({ value: -3n });
    expect(await ask(client, 'resolveObject', { flagKey: 'object' })).toMatchObject({
      value: { a: [1, null, { b: 'c' }] },
    });
  });

  it('evaluates for the context', async () => {
    const { v2: client } = await clients();
    const context = { targetingKey: 'user-1', team: 'staff' };
    expect(await ask(client, 'resolveBoolean', { flagKey: 'targeted', context })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    expect(await ask(client, 'resolveBoolean', { flagKey: 'targeted' })).toMatchObject({
      value: false,
      reason: 'DEFAULT',
    });
  });

  it('leaves value and variant out where the default of the caller stands', async () => {
    const { v2: client } = await clients();
    expect(await ask(client, 'resolveBoolean', { flagKey: 'disabled' })).toEqual({
      value: undefined,
      reason: 'DISABLED',
      variant: undefined,
      metadata: FLAG_SET,
    });
    expect(await ask(client, 'resolveString', { flagKey: 'undecided' })).toMatchObject({
      value: undefined,
      reason: 'DEFAULT',
      variant: undefined,
    });
    // A flag of ours may say what it serves while it is off.
    expect(await ask(client, 'resolveBoolean', { flagKey: 'off' })).toMatchObject({
      value: false,
      reason: 'DISABLED',
      variant: 'off',
    });
  });

  it.each<[string, string, string, grpc.status]>([
    ['a flag that is not there', 'resolveBoolean', 'nothing', grpc.status.NOT_FOUND],
    ['another type', 'resolveBoolean', 'text', grpc.status.INVALID_ARGUMENT],
    ['a number as a text', 'resolveString', 'number', grpc.status.INVALID_ARGUMENT],
    ['a number beyond 64 bits', 'resolveInt', 'huge', grpc.status.INVALID_ARGUMENT],
    ['what cannot be evaluated', 'resolveString', 'failing', grpc.status.UNKNOWN],
    ['a key longer than any flag has', 'resolveBoolean', 'k'.repeat(129), grpc.status.NOT_FOUND],
  ])('fails for %s as flagd does', async (_, method, flagKey, code) => {
    const { v2: client } = await clients();
    const { code: failed, metadata } = await failure(ask(client, method, { flagKey }));
    expect(failed).toBe(code);
    // Clients would try again, for seconds: Node's after UNKNOWN, Java's after each of them.
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
  });

  it('does not take a context with too much in it for another type', async () => {
    const { v2: client } = await clients();
    const context = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}`, i]));
    const failed = await failure(ask(client, 'resolveBoolean', { flagKey: 'bool', context }));
    expect(failed).toMatchObject({
      code: grpc.status.UNKNOWN,
      details: expect.stringMatching(/^context: has 300 attributes/),
    });
  });

  it('selects by the header: another environment, or the flags that name a set', async () => {
    const { v2: client } = await clients();
    const of = (flagKey: string, selector: string) => ask(client, 'resolveBoolean', { flagKey }, selector);
    expect(await of('bool', 'flagSetId=shop/live')).toMatchObject({
      value: false,
      metadata: { flagSetId: 'shop/live' },
    });
    expect(await of('bool', 'flagSetId=default/development')).toMatchObject({ value: true });
    const named = ask<{ metadata: object }>(
      client,
      'resolveString',
      { flagKey: 'ours' },
      'flagSetId=payments',
    );
    expect((await named).metadata).toEqual({ flagSetId: 'payments' });
    expect(await failure(of('bool', 'flagSetId=payments'))).toMatchObject({
      code: grpc.status.NOT_FOUND,
      details: 'flag "bool" is not among those that the selector names',
    });
    expect(await failure(of('bool', 'color=red'))).toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    expect(await failure(of('bool', 'flagSetId=shop/nowhere'))).toMatchObject({
      code: grpc.status.NOT_FOUND,
    });
  });
});

describe.each(['v1', 'schema'] as const)('%s, which knows no absence', (contract) => {
  it('answers zeros for what is disabled, and knows no flag without a default', async () => {
    const client = (await clients())[contract];
    expect(await ask(client, 'resolveBoolean', { flagKey: 'disabled' })).toEqual({
      value: false,
      reason: 'DISABLED',
      variant: '',
      metadata: FLAG_SET,
    });
    expect(await failure(ask(client, 'resolveString', { flagKey: 'undecided' }))).toMatchObject({
      code: grpc.status.NOT_FOUND,
    });
    expect(await ask(client, 'resolveInt', { flagKey: 'number' })).toMatchObject({ value: -3n });
  });

  it('answers all flags at once, without those whose default is the caller’s', async () => {
    const client = (await clients())[contract];
    const { flags } = await ask<{ flags: Record<string, v1.AnyFlag> }>(client, 'resolveAll', {
      context: { team: 'staff' },
    });
    expect(Object.keys(flags).sort()).toEqual(
      [
        'bool',
        'disabled',
        'failing',
        'huge',
        'no',
        'number',
        'object',
        'off',
        'ours',
        'targeted',
        'text',
      ].sort(),
    );
    expect(flags['targeted']).toMatchObject({
      reason: 'TARGETING_MATCH',
      variant: 'on',
      value: { $case: 'boolValue', value: true },
    });
    expect(flags['number']?.value).toEqual({ $case: 'doubleValue', value: -3.9 });
    expect(flags['object']?.value).toEqual({ $case: 'objectValue', value: { a: [1, null, { b: 'c' }] } });
    expect(flags['disabled']).toMatchObject({
      reason: 'DISABLED',
      variant: '',
      value: { $case: 'boolValue', value: false },
    });
    expect(flags['failing']).toMatchObject({ reason: 'ERROR', value: { $case: 'stringValue', value: '' } });
  });

  it('answers all flags that are selected', async () => {
    const client = (await clients())[contract];
    const { flags } = await ask<{ flags: object }>(client, 'resolveAll', {}, 'flagSetId=payments');
    expect(Object.keys(flags)).toEqual(['ours']);
  });
});

import { ServiceClient } from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { StreamServiceClient } from '@flagstream/protocol/gen/flagstream/v1/stream';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { keylessNotice } from './anonymous-door.ts';
import { closing, failure, Inbox, start, testConfig } from './evaluator.fixture.ts';
import { booleanFlag, entity, serving, shopLog } from './log.fixture.ts';
import { startEvaluator } from './start-evaluator.ts';

const keyless = (over: object = {}) => ({
  keyless: { environment: 'shop/live', sync: false, beyondLoopback: false, ...over },
});

async function bound(over: object = {}) {
  const log = shopLog();
  log.commit(
    entity.project('shop'),
    entity.environment('shop', 'live'),
    entity.flag('shop', 'sale', booleanFlag),
    entity.config('shop', 'live', 'sale', serving('on')),
  );
  const started = await start(log, {}, { requireKeys: true, ...keyless(over) });
  await started.evaluator.ready();
  const plain = grpc.credentials.createInsecure();
  const client = closing(new ServiceClient(started.target, plain), (c) => c.close());
  const streams = closing(new StreamServiceClient(started.target, plain), (c) => c.close());
  const resolve = (flagKey: string, headers: Record<string, string> = {}) => {
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolved, reject) =>
      client.resolveBoolean({ flagKey, context: undefined }, metadata, (error, answer) =>
        error === null ? resolved(answer) : reject(error),
      ),
    );
  };
  const sync = (): Inbox<unknown> => new Inbox(closing(streams.sync(), (stream) => stream.cancel()));
  return { ...started, resolve, sync };
}

describe('callers without a key who are bound to one environment', () => {
  it('evaluate there, and nowhere else', async () => {
    const { resolve, logs } = await bound();
    expect(await resolve('sale')).toMatchObject({ value: true, metadata: { flagSetId: 'shop/live' } });
    expect(await failure(resolve('new-checkout'))).toMatchObject({ code: grpc.status.NOT_FOUND });
    for (const headers of [
      { 'flagstream-project': 'default' },
      { 'flagstream-environment': 'development' },
      { 'flagd-selector': 'flagSetId=default/development' },
    ])
      expect(await failure(resolve('sale', headers))).toMatchObject({
        code: grpc.status.PERMISSION_DENIED,
      });
    expect(logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'who shows no key evaluates in shop/live, and nowhere else',
      }),
    );
  });

  it('are sent no rules, unless that is meant', async () => {
    const refused = (await bound()).sync();
    expect(await refused.until(() => refused.error)).toMatchObject({ status: grpc.status.UNAUTHENTICATED });
  });
});

describe('a start with callers who are bound', () => {
  const config = (over: object) => testConfig({ host: '0.0.0.0', requireKeys: true, ...over });

  it('is refused where other machines would be among them, until somebody says that they may', () => {
    expect(() => keylessNotice(config(keyless()))).toThrow(
      'keyless.environment: whoever reaches 0.0.0.0 would evaluate in shop/live without a key',
    );
    expect(keylessNotice(config(keyless({ beyondLoopback: true })))).toBe(
      'whoever reaches 0.0.0.0 evaluates in shop/live without a key',
    );
    expect(keylessNotice(config(keyless({ beyondLoopback: true, sync: true })))).toBe(
      'whoever reaches 0.0.0.0 evaluates, and is sent the rules, in shop/live without a key',
    );
    expect(keylessNotice(testConfig())).toBeUndefined();
  });

  it('opens no port before', async () => {
    const insecure = { host: '0.0.0.0', insecure: true, ...keyless() };
    await expect(startEvaluator(testConfig(insecure), { source: shopLog() })).rejects.toMatchObject({
      reason: 'CONFIG_INVALID',
    });
  });
});

// The provider over a test's flags, under the real OpenFeature SDK.

import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { afterEach, expect, test } from 'vitest';
import { TestFlags } from '../testing/test-flags.ts';
import { FlagstreamProvider } from './flagstream-provider.ts';

afterEach(() => OpenFeature.clearProviders());

test('an application that uses OpenFeature gets the flags of its test, their changes and their staleness', async () => {
  const flags = new TestFlags();
  flags.set('new-checkout', true);
  flags.override('new-checkout', 'user-1', false);
  await OpenFeature.setProviderAndWait(new FlagstreamProvider(flags.client()));
  const client = OpenFeature.getClient();
  expect(await client.getBooleanValue('new-checkout', false)).toBe(true);
  expect(await client.getBooleanDetails('new-checkout', true, { targetingKey: 'user-1' })).toMatchObject({
    value: false,
    reason: 'TARGETING_MATCH',
    flagMetadata: { version: 'e1.3', flagSetId: 'default/development', stale: false, stalenessMs: 0 },
  });
  expect(await client.getStringDetails('new-checkout', 'none')).toMatchObject({
    value: 'none',
    errorCode: 'TYPE_MISMATCH',
  });

  const changes: unknown[] = [];
  client.addHandler(ProviderEvents.ConfigurationChanged, (details) => changes.push(details?.flagsChanged));
  flags.set('new-checkout', false);
  await undefined;
  expect(changes).toEqual([['new-checkout']]);
  flags.stale();
  await undefined;
  expect(client.providerStatus).toBe(ProviderStatus.STALE);
  flags.live();
  await undefined;
  expect(client.providerStatus).toBe(ProviderStatus.READY);
});

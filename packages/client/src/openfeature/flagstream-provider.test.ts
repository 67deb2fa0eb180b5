// The provider under the real OpenFeature SDK, against a real stream.

import { fail } from '@flagstream/protocol';
import {
  type Client,
  type EventDetails,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { afterEach, expect, test } from 'vitest';
import { SyncServerFixture } from '../../../../test/support/sync-server-fixture.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { createClient } from '../create-client.ts';
import { FlagstreamProvider } from './flagstream-provider.ts';

afterEach(() => OpenFeature.clearProviders());

function watch(client: Client): [string, EventDetails | undefined][] {
  const events: [string, EventDetails | undefined][] = [];
  for (const event of [
    ProviderEvents.Ready,
    ProviderEvents.Stale,
    ProviderEvents.Error,
    ProviderEvents.ConfigurationChanged,
  ] as const)
    client.addHandler(event as ProviderEvents.Ready, (details) => events.push([event, details]));
  return events;
}

const names = (events: readonly [string, unknown][]): string[] => events.map(([name]) => name);

function putFlags(server: SyncServerFixture): void {
  const rule = {
    id: 'vip-rule',
    condition: { compare: { attribute: 'since', operator: 'equals', values: ['2026-01-02T00:00:00.000Z'] } },
    serve: { variant: 'big' },
  };
  server.log.putSwitch('dark', true);
  server.log.putFlag(
    'limit',
    {
      kind: 'FLAG_KIND_NUMBER',
      variants: [
        { key: 'small', value: 1 },
        { key: 'big', value: 100 },
      ],
      offVariant: 'small',
    },
    { enabled: true, rules: [rule], fallthrough: { variant: 'small' } },
  );
  server.log.putFlag(
    'theme',
    { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'plain', value: { hue: 'blue' } }], offVariant: 'plain' },
    { enabled: true, fallthrough: { variant: 'plain' } },
  );
}

test('resolves every type, with reasons, error codes and metadata', async () => {
  const server = await SyncServerFixture.start();
  putFlags(server);
  await OpenFeature.setProviderAndWait('resolves', new FlagstreamProvider({ target: server.target }));
  const client = OpenFeature.getClient('resolves');

  expect(await client.getBooleanValue('dark', false)).toBe(true);
  expect(await client.getObjectValue('theme', { hue: 'none' })).toEqual({ hue: 'blue' });
  const context = { targetingKey: 'u1', since: new Date('2026-01-02T00:00:00Z') };
  const limit = await client.getNumberDetails('limit', 0, context);
  expect(limit).toMatchObject({ value: 100, variant: 'big', reason: 'TARGETING_MATCH' });
  expect(limit.flagMetadata).toMatchObject({
    version: 'e1.4',
    flagSetId: 'default/development',
    ruleId: 'vip-rule',
    stale: false,
  });
  expect(await client.getStringDetails('dark', 'fallback')).toMatchObject({
    value: 'fallback',
    reason: 'ERROR',
    errorCode: 'TYPE_MISMATCH',
  });
  expect(await client.getBooleanDetails('absent', true)).toMatchObject({
    value: true,
    errorCode: 'FLAG_NOT_FOUND',
  });
});

test('tells changes, staleness and recovery, and closes its client', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('dark', true);
  await OpenFeature.setProviderAndWait(
    'events',
    new FlagstreamProvider({ target: server.target, random: () => 0 }),
  );
  const client = OpenFeature.getClient('events');
  const events = watch(client);
  await until(() => events.length === 1, { what: 'READY' });

  server.log.putSwitch('dark', false);
  await until(() => events.length === 2, { what: 'the change' });
  expect(events[1]?.[1]).toMatchObject({ flagsChanged: ['dark'] });

  server.refuseWith(() => fail('DRAINING', 'going away'));
  server.breakStreams();
  await until(() => client.providerStatus === ProviderStatus.STALE, { what: 'STALE' });
  expect((await client.getBooleanDetails('dark', true)).flagMetadata['stale']).toBe(true);
  server.refuseWith(undefined);
  await until(() => client.providerStatus === ProviderStatus.READY, { what: 'READY again' });

  expect(names(events)).toEqual([
    'PROVIDER_READY',
    'PROVIDER_CONFIGURATION_CHANGED',
    'PROVIDER_STALE',
    'PROVIDER_READY',
  ]);
  await OpenFeature.clearProviders();
  await until(() => server.streams.at(-1)?.bye === 'closed by the application', { what: 'the Bye' });
});

test('is stale while a live stream brings answers that may be too old', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('dark', true);
  server.log.stalenessMs = 60_000;
  const options = { target: server.target, heartbeatMs: 1_000, maxStalenessMs: 30_000 };
  await OpenFeature.setProviderAndWait('old', new FlagstreamProvider(options));
  const client = OpenFeature.getClient('old');
  await until(() => client.providerStatus === ProviderStatus.STALE, { what: 'STALE' });
  expect((await client.getBooleanDetails('dark', false)).flagMetadata).toMatchObject({ stale: true });
  server.log.stalenessMs = 0;
  await until(() => client.providerStatus === ProviderStatus.READY, { what: 'READY again' });
  expect((await client.getBooleanDetails('dark', false)).flagMetadata).toMatchObject({ stale: false });
});

test('is in error while nothing answers, and ready as soon as something does', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('dark', true);
  server.refuseWith(() => fail('NOT_READY', 'no state yet'));
  const provider = new FlagstreamProvider({ target: server.target, initialTimeoutMs: 50, random: () => 0 });
  await expect(OpenFeature.setProviderAndWait('late', provider)).rejects.toThrow(
    /no flags arrived within 50 ms/,
  );
  const client = OpenFeature.getClient('late');
  expect(client.providerStatus).toBe(ProviderStatus.ERROR);
  server.refuseWith(undefined);
  await until(() => client.providerStatus === ProviderStatus.READY, { what: 'READY' });
  expect(await client.getBooleanValue('dark', false)).toBe(true);
});

test('says that a wrong key is final', async () => {
  const server = await SyncServerFixture.start();
  server.refuseWith(() => fail('UNAUTHENTICATED', 'no such key'));
  const provider = new FlagstreamProvider({ target: server.target, apiKey: 'nope', initialTimeoutMs: 200 });
  await expect(OpenFeature.setProviderAndWait('fatal', provider)).rejects.toMatchObject({
    code: 'PROVIDER_FATAL',
  });
  expect(OpenFeature.getClient('fatal').providerStatus).toBe(ProviderStatus.FATAL);
});

test('starts stale from a bootstrap document, and leaves a borrowed client open', async () => {
  const server = await SyncServerFixture.start();
  server.refuseWith(() => fail('NOT_READY', 'no state yet'));
  const borrowed = createClient({
    target: server.target,
    random: () => 0,
    cache: { dir: tempDir('provider') },
    bootstrap: {
      document: {
        format: 'flagstream/v1',
        flags: [
          {
            flag: {
              name: 'dark',
              kind: 'FLAG_KIND_BOOLEAN',
              variants: [{ key: 'on', value: true }],
              offVariant: 'on',
            },
          },
        ],
      },
    },
  });
  await OpenFeature.setProviderAndWait('borrowed', new FlagstreamProvider(borrowed));
  const client = OpenFeature.getClient('borrowed');
  await until(() => client.providerStatus === ProviderStatus.STALE, { what: 'STALE' });
  const details = await client.getBooleanDetails('dark', false);
  expect(details).toMatchObject({ value: true, reason: 'DISABLED' });
  expect(details.flagMetadata).toEqual({ flagSetId: 'default/development', stale: true });
  await OpenFeature.clearProviders();
  expect(borrowed.status().state).toBe('stale');
  await borrowed.close();
});

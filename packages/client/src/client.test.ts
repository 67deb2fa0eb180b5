// The client against a real gRPC server that speaks the real session.

import { FlagstreamError, fail } from '@flagstream/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { privateValue } from '../../../test/support/private-value.ts';
import { SyncServerFixture } from '../../../test/support/sync-server-fixture.ts';
import { until } from '../../../test/support/until.ts';
import type { FlagstreamClient } from './client.ts';
import type { ClientEvents } from './client-events.ts';
import type { ClientOptions } from './client-options.ts';
import { createClient } from './create-client.ts';

const clients = new Set<FlagstreamClient>();
afterEach(async () => {
  await Promise.all([...clients].map((client) => client.close()));
  clients.clear();
});

function connect(server: SyncServerFixture, options: ClientOptions = {}): FlagstreamClient {
  const client = createClient({ target: server.target, random: () => 0, ...options });
  clients.add(client);
  return client;
}

function record<E extends keyof ClientEvents>(client: FlagstreamClient, event: E): ClientEvents[E][] {
  const events: ClientEvents[E][] = [];
  client.on(event, (payload) => events.push(payload));
  return events;
}

const atRevision = (client: FlagstreamClient, revision: number): Promise<boolean> =>
  until(() => client.status().position?.revision === revision, { what: `revision ${revision}` });

test('evaluates in process what the server pushed, and acknowledges it', async () => {
  const server = await SyncServerFixture.start({ node: 'node-a' });
  server.log.putSwitch('checkout', true);
  const client = connect(server, { project: 'default', environment: 'development' });
  const ready = record(client, 'ready');
  expect(client.status().state).toBe('connecting');

  await expect(client.waitForReady()).resolves.toEqual({ source: 'server' });
  await client.waitForLive();

  expect(client.booleanValue('checkout', false, { targetingKey: privateValue('user') })).toBe(true);
  expect(client.booleanDetails('checkout', false)).toMatchObject({
    value: true,
    variant: 'on',
    epoch: 1,
    revision: 2,
  });
  expect(client.status()).toMatchObject({ state: 'live', source: 'server', node: 'node-a' });
  await until(() => server.streams[0]?.confirmed.includes(2), { what: 'the acknowledgement' });
  expect(server.streams[0]?.metadata.get('flagstream-environment')).toBe('development');
  expect(ready).toEqual([{ source: 'server' }]);
});

test('tells each change once, in order, with the flags that depend on it', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('parent', true);
  server.log.putFlag(
    'child',
    {
      kind: 'FLAG_KIND_STRING',
      variants: [
        { key: 'a', value: 'A' },
        { key: 'b', value: 'B' },
      ],
      offVariant: 'b',
    },
    { enabled: true, prerequisites: [{ flag: 'parent', variants: ['on'] }], fallthrough: { variant: 'a' } },
  );
  const client = connect(server);
  await client.waitForLive();
  const changes = record(client, 'change');
  expect(client.stringValue('child', 'none')).toBe('A');

  const first = server.log.putSwitch('parent', false);
  await until(() => changes.length === 1, { what: 'the first change' });
  const second = server.log.putSwitch('other', true);
  await until(() => changes.length === 2, { what: 'the second change' });
  server.log.skip();
  const third = server.log.removeFlag('other');
  await until(() => changes.length === 3, { what: 'the third change' });

  expect(changes).toEqual([
    { flagKeys: ['child', 'parent'], epoch: 1, revision: first },
    { flagKeys: ['other'], epoch: 1, revision: second },
    { flagKeys: ['other'], epoch: 1, revision: third },
  ]);
  expect(client.stringValue('child', 'none')).toBe('B');
  expect(client.booleanDetails('other', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
});

test('resumes by delta after the stream broke', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = connect(server);
  await client.waitForLive();
  const stale = record(client, 'stale');
  const reconnecting = record(client, 'reconnecting');

  server.breakStreams();
  await until(() => stale.length === 1, { what: 'the stale event' });
  for (let i = 0; i < 500; i++) server.log.putSwitch(`flag-${i % 7}`, i % 2 === 0);
  await client.waitForLive();

  expect(server.streams[1]?.transfers).toEqual(['delta 2>502']);
  expect(client.status().position?.revision).toBe(502);
  expect(reconnecting[0]).toMatchObject({ attempt: 1, delayMs: 200 });
  expect([client.booleanValue('flag-1', false), client.booleanValue('flag-2', true)]).toEqual([true, false]);
});

test('tells that what was in force was withdrawn, and what is in force instead', async () => {
  const server = await SyncServerFixture.start();
  const seen = server.log.putSwitch('a', true);
  const warned: object[] = [];
  const silent = (): void => undefined;
  const warn = (fields: object): void => void warned.push(fields);
  const client = connect(server, { logger: { debug: silent, info: silent, warn, error: silent } });
  const withdrawn = record(client, 'withdrawn');
  const changes = record(client, 'change');
  await client.waitForLive();

  // The log goes on in another epoch, without what this client has seen: on its stream, and while it is away.
  server.log.epoch = 2;
  const second = server.log.putSwitch('a', false);
  await until(() => changes.length === 1, { what: 'the change' });
  const first = { withdrawn: { epoch: 1, revision: seen }, epoch: 2, revision: second };
  expect(withdrawn).toEqual([first]);
  const third = server.log.putSwitch('a', true);
  await until(() => changes.length === 2, { what: 'an ordinary change' });
  server.breakStreams();
  server.log.epoch = 3;
  await until(() => withdrawn.length > 1, { what: 'the second withdrawal' });
  expect(withdrawn).toEqual([first, { withdrawn: { epoch: 2, revision: third }, epoch: 3, revision: third }]);
  expect(warned).toMatchObject([first, {}, withdrawn[1]!]);
});

test('comes back current without a transfer when nothing changed', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = connect(server);
  await client.waitForLive();
  server.breakStreams();
  server.log.skip();
  await until(() => server.streams.length === 2 && client.status().state === 'live', {
    what: 'a new stream',
  });
  expect(server.streams[1]?.transfers).toEqual([]);
  expect(client.status().position?.revision).toBe(3);
});

test('starts over when the server follows another log, without telling changes that are none', async () => {
  const first = await SyncServerFixture.start();
  first.log.putSwitch('a', true);
  first.log.putSwitch('gone', true);
  const client = connect(first);
  await client.waitForLive();
  const changes = record(client, 'change');

  first.stop();
  const second = await SyncServerFixture.start({ port: first.port });
  second.log.putSwitch('a', true);
  await until(() => changes.length === 1, { what: 'the change' });

  expect(second.streams.at(-1)?.transfers).toEqual(['full >2']);
  expect(changes[0]?.flagKeys).toEqual(['gone']);
  expect(client.booleanDetails('gone', false).errorCode).toBe('FLAG_NOT_FOUND');
});

test('never moves backwards: a node behind the client is left for another one', async () => {
  const ahead = await SyncServerFixture.start();
  ahead.log.putSwitch('a', true);
  const client = connect(ahead);
  await client.waitForLive();
  ahead.log.putSwitch('a', false);
  await atRevision(client, 3);
  const errors = record(client, 'error');

  // The same log, as a node that has not caught up holds it.
  Object.defineProperty(ahead.log, 'head', {
    value: { epoch: 1, revision: 2, hash: new Uint8Array(32) },
    configurable: true,
  });
  ahead.breakStreams();
  await until(() => errors.some(({ error }) => error.reason === 'REVISION_NOT_REACHED'), {
    what: 'the refusal',
  });
  expect(client.booleanValue('a', true)).toBe(false);
  expect(client.status()).toMatchObject({ state: 'stale', position: { epoch: 1, revision: 3 } });
});

test('moves before the drained stream ends, so that it is never stale', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = connect(server);
  await client.waitForLive();
  const stale = record(client, 'stale');

  server.drain(0, 0);
  await until(() => server.streams[0]?.bye === 'moved to another stream', { what: 'the Bye' });
  await until(() => server.openStreams === 1, { what: 'one stream left' });
  server.log.putSwitch('a', false);
  await atRevision(client, 3);

  expect(stale).toEqual([]);
  expect(server.streams).toHaveLength(2);
  expect(client.booleanValue('a', true)).toBe(false);
});

test('keeps one bad definition at its last good one and takes the rest', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('good', false);
  server.log.putSwitch('odd', true);
  const client = connect(server);
  await client.waitForLive();
  const errors = record(client, 'error');
  const broken = {
    enabled: true,
    rules: [
      {
        id: 'r',
        condition: { compare: { attribute: 'x', operator: 'ofTomorrow', values: [1] } },
        serve: { variant: 'off' },
      },
    ],
    fallthrough: { variant: 'off' },
  };
  const flag = {
    kind: 'FLAG_KIND_BOOLEAN',
    variants: [
      { key: 'on', value: true },
      { key: 'off', value: false },
    ],
    offVariant: 'off',
  };

  const bad = server.log.putFlag('odd', flag, broken);
  server.log.putSwitch('good', true);
  await atRevision(client, bad + 1);

  expect(client.booleanValue('good', false)).toBe(true);
  expect(client.booleanValue('odd', false)).toBe(true);
  expect(client.status().quarantined).toMatchObject([
    { entity: 'flag', key: 'odd', code: 'UNKNOWN_OPERATOR', held: true },
  ]);
  expect(errors.map(({ error }) => error.metadata)).toEqual([
    { entity: 'flagConfig', key: 'odd', code: 'UNKNOWN_OPERATOR' },
  ]);
  await until(() => server.streams[0]?.confirmed.includes(bad + 1), { what: 'the acknowledgement' });

  server.log.putSwitch('odd', false);
  await atRevision(client, bad + 2);
  expect(client.status().quarantined).toEqual([]);
  expect(client.booleanValue('odd', true)).toBe(false);
});

describe('answers', () => {
  test('with the default before anything is in force', async () => {
    const server = await SyncServerFixture.start();
    server.refuseWith(() => fail('NOT_READY', 'no state yet'));
    const client = connect(server);
    expect(client.stringDetails('any', 'fallback')).toMatchObject({
      value: 'fallback',
      reason: 'ERROR',
      errorCode: 'PROVIDER_NOT_READY',
      staleness: { ms: Number.POSITIVE_INFINITY, source: 'none' },
    });
    expect(client.numberValue('any', 7)).toBe(7);
    expect(client.evaluate('any')).toMatchObject({ value: undefined, errorCode: 'PROVIDER_NOT_READY' });
    expect([...client.allFlags().flags]).toEqual([]);
    await until(() => client.status().lastError?.reason === 'NOT_READY', { what: 'the refusal' });
    await expect(client.waitForReady(1)).rejects.toThrow(/no flags arrived within 1 ms: .*no state yet/);
  });

  test('with the default when the flag has another type', async () => {
    const server = await SyncServerFixture.start();
    server.log.putSwitch('flag', true);
    server.log.putFlag(
      'limits',
      { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'std', value: { rate: 5 } }], offVariant: 'std' },
      { enabled: true, fallthrough: { variant: 'std' } },
    );
    const client = connect(server);
    await client.waitForLive();
    expect(client.stringValue('flag', 'fallback')).toBe('fallback');
    expect(client.stringDetails('flag', 'fallback')).toMatchObject({
      value: 'fallback',
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
      errorMessage: 'The flag "flag" is of kind FLAG_KIND_BOOLEAN, not FLAG_KIND_STRING.',
    });
    expect(client.objectValue('limits', { rate: 0 })).toEqual({ rate: 5 });
    expect(client.objectDetails('flag', { rate: 0 })).toMatchObject({ errorCode: 'TYPE_MISMATCH' });
    expect([...client.allFlags().flags.keys()]).toEqual(['flag', 'limits']);
  });
});

test('says what is wrong with its options', () => {
  const refused = (options: ClientOptions): string => {
    try {
      clients.add(createClient(options));
    } catch (thrown) {
      if (thrown instanceof FlagstreamError) return thrown.fields[0]?.field ?? '';
    }
    return 'accepted';
  };
  expect(refused({ target: [] })).toBe('target');
  expect(refused({ project: 'No Such Key' })).toBe('project');
  expect(refused({ environment: '' })).toBe('environment');
  expect(refused({ heartbeatMs: -1 })).toBe('heartbeatMs');
});

test('a listener that throws stops neither the others nor the client', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = connect(server);
  client.on('live', () => {
    throw new Error('of the application');
  });
  const live = record(client, 'live');
  await client.waitForLive();
  expect(live).toHaveLength(1);
});

test('close says Bye, ends the stream, and answers go on', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = connect(server);
  const closed = record(client, 'closed');
  await client.waitForLive();
  await Promise.all([client.close(), client.close()]);
  expect(server.streams[0]?.bye).toBe('closed by the application');
  expect(client.status().state).toBe('closed');
  expect(client.booleanValue('a', false)).toBe(true);
  expect(closed).toHaveLength(1);
  await expect(client.waitForReady()).resolves.toEqual({ source: 'server' });
  await expect(client.waitForLive()).rejects.toMatchObject({ reason: 'CANCELLED' });
});

// Starting without a server, from the disk copy or a bootstrap document, and how old that is.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail } from '@flagstream/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { FixtureLog, SyncServerFixture } from '../../../test/support/sync-server-fixture.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { until } from '../../../test/support/until.ts';
import type { FlagstreamClient } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import { systemClock } from './clock.ts';
import { createClient } from './create-client.ts';
import { diskCopyPath } from './store/disk-copy-file.ts';

const clients = new Set<FlagstreamClient>();
afterEach(async () => {
  await Promise.all([...clients].map((client) => client.close()));
  clients.clear();
});

function start(options: ClientOptions): FlagstreamClient {
  const client = createClient({ random: () => 0, ...options });
  clients.add(client);
  return client;
}

const scope = { project: 'default', environment: 'development' };

/** A copy of a log's environment, as a client left it. */
async function leaveCopy(log: FixtureLog, dir: string): Promise<void> {
  const server = await SyncServerFixture.start({ log });
  const client = start({ target: server.target, cache: { dir } });
  await client.waitForLive();
  await client.close();
  server.stop();
}

describe('the disk copy', () => {
  test('serves while nothing answers, then resumes by delta', async () => {
    const log = new FixtureLog();
    log.putSwitch('a', true);
    const dir = tempDir('client');
    await leaveCopy(log, dir);

    const port = await freePort();
    const hourLater = { ...systemClock, nowMs: () => Date.now() + 3_600_000 };
    const client = start({ target: `127.0.0.1:${port}`, cache: { dir }, clock: hourLater });
    await expect(client.waitForReady()).resolves.toEqual({ source: 'cache' });
    expect(client.booleanValue('a', false)).toBe(true);
    expect(client.status()).toMatchObject({
      state: 'stale',
      source: 'cache',
      position: { epoch: 1, revision: 2 },
      stalenessEstimated: true,
    });
    expect(client.status().stalenessMs).toBeGreaterThanOrEqual(3_600_000);

    log.putSwitch('a', false);
    const server = await SyncServerFixture.start({ log, port });
    await client.waitForLive();
    expect(server.streams.at(-1)?.transfers).toEqual(['delta 2>3']);
    expect(client.booleanValue('a', true)).toBe(false);
    expect(client.status()).toMatchObject({ source: 'server', state: 'live' });
    expect(client.status().stalenessMs).toBeLessThan(3_600_000);
  });

  test("of a state that is still the newest becomes the server's without a transfer", async () => {
    const log = new FixtureLog();
    log.putSwitch('a', true);
    const dir = tempDir('client');
    await leaveCopy(log, dir);
    const server = await SyncServerFixture.start({ log });
    const client = start({ target: server.target, cache: { dir } });
    await client.waitForLive();
    expect(server.streams[0]?.transfers).toEqual([]);
    expect(client.status().source).toBe('server');
  });

  test('too old for a delta is replaced as a whole', async () => {
    const log = new FixtureLog('default', 'development', 8);
    log.putSwitch('a', true);
    const dir = tempDir('client');
    await leaveCopy(log, dir);
    for (let i = 0; i < 20; i++) log.putSwitch('b', i % 2 === 0);
    const server = await SyncServerFixture.start({ log });
    const client = start({ target: server.target, cache: { dir } });
    await client.waitForLive();
    expect(server.streams[0]?.transfers).toEqual(['full >22']);
    expect(client.booleanValue('a', false)).toBe(true);
  });

  test('of another log is replaced, and what only that one had is gone', async () => {
    const old = new FixtureLog();
    old.putSwitch('gone', true);
    const dir = tempDir('client');
    await leaveCopy(old, dir);
    const server = await SyncServerFixture.start();
    server.log.putSwitch('a', true);
    const client = start({ target: server.target, cache: { dir } });
    await client.waitForLive();
    expect(server.streams[0]?.transfers).toEqual(['full >2']);
    expect([...client.allFlags().flags.keys()]).toEqual(['a']);
  });

  test('that is damaged is reported and ignored', async () => {
    const dir = tempDir('client');
    writeFileSync(diskCopyPath(dir, scope), 'not a copy');
    const server = await SyncServerFixture.start();
    server.log.putSwitch('a', true);
    const warnings: string[] = [];
    const ignore = (): void => undefined;
    const logger = {
      debug: ignore,
      info: ignore,
      warn: (_fields: object, message: string) => warnings.push(message),
      error: ignore,
    };
    const client = start({ target: server.target, cache: { dir }, logger });
    const errors: string[] = [];
    client.on('error', ({ error }) => errors.push(error.reason));
    await expect(client.waitForReady()).resolves.toEqual({ source: 'server' });
    expect(errors).toEqual(['DISK_COPY_UNUSABLE']);
    expect(warnings[0]).toMatch(/is not a copy of flags/);
    await client.close();
    expect(readFileSync(diskCopyPath(dir, scope)).subarray(0, 8).toString()).toBe('FLAGSTRM');
  });

  test('comes before the bootstrap document', async () => {
    const log = new FixtureLog();
    log.putSwitch('a', true);
    const dir = tempDir('client');
    await leaveCopy(log, dir);
    const target = `127.0.0.1:${await freePort()}`;
    const client = start({ target, cache: { dir }, bootstrap: { document } });
    await expect(client.waitForReady()).resolves.toEqual({ source: 'cache' });
  });
});

/** As `flagstream export` writes it: bare keys, weights without ranges. */
const document = {
  format: 'flagstream/v1',
  project: 'default',
  segments: [{ name: 'staff', included: ['ann'] }],
  flags: [
    {
      flag: {
        name: 'beta',
        kind: 'FLAG_KIND_BOOLEAN',
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
      },
      configs: {
        development: {
          enabled: true,
          rules: [{ id: 'staff', condition: { segment: 'staff' }, serve: { variant: 'on' } }],
          fallthrough: {
            split: {
              entries: [
                { variant: 'on', weight: 50_000 },
                { variant: 'off', weight: 50_000 },
              ],
            },
          },
        },
      },
    },
  ],
};

describe('a bootstrap document', () => {
  test('from a file serves until a server replaces all of it', async () => {
    const file = path.join(tempDir('client'), 'flags.json');
    writeFileSync(file, JSON.stringify(document));
    const port = await freePort();
    const client = start({ target: `127.0.0.1:${port}`, bootstrap: { file } });
    const changes: (readonly string[])[] = [];
    client.on('change', ({ flagKeys }) => changes.push(flagKeys));
    await expect(client.waitForReady()).resolves.toEqual({ source: 'bootstrap' });

    expect(client.booleanDetails('beta', false, { targetingKey: 'ann' })).toMatchObject({
      value: true,
      ruleId: 'staff',
      epoch: 0,
      revision: 0,
      staleness: { ms: Number.POSITIVE_INFINITY, estimated: true, source: 'bootstrap' },
    });
    const subjects = Array.from({ length: 1_000 }, (_, i) => ({ targetingKey: `user-${i}` }));
    const on = subjects.filter((context) => client.booleanValue('beta', false, context)).length;
    expect(on).toBeGreaterThan(400);
    expect(on).toBeLessThan(600);

    const server = await SyncServerFixture.start({ port });
    server.log.putSwitch('a', true);
    await client.waitForLive();
    await until(() => changes.length > 0, { what: 'the change' });
    expect([...client.allFlags().flags.keys()]).toEqual(['a']);
    expect(changes[0]).toContain('beta');
  });

  test.each([
    ['is no object', [], /must be one JSON object/],
    ['has another format', { format: 'flagd' }, /format must be "flagstream\/v1", not "flagd"/],
    ['has a flag without a name', { ...document, flags: [{ flag: {} }] }, /flags\[0\].flag.name/],
    ['has an unknown kind', { ...document, flags: [{ flag: { name: 'a', kind: 'COLOUR' } }] }, /COLOUR/],
  ])('that %s is reported and ignored', async (_what, broken, message) => {
    const client = start({ target: `127.0.0.1:${await freePort()}`, bootstrap: { document: broken } });
    const errors: string[] = [];
    client.on('error', ({ error }) => errors.push(`${error.reason} ${error.message}`));
    await until(() => errors.some((text) => text.startsWith('INVALID_DOCUMENT')), { what: 'the error' });
    expect(errors[0]).toMatch(message);
    expect(client.status().source).toBe('none');
  });

  test('serves what compiles and reports the rest', async () => {
    const odd = { flag: { name: 'odd', kind: 'FLAG_KIND_BOOLEAN', variants: [{ key: 'x', value: 'text' }] } };
    const client = start({
      target: `127.0.0.1:${await freePort()}`,
      bootstrap: { document: { ...document, flags: [...document.flags, odd] } },
    });
    const errors: string[] = [];
    client.on('error', ({ error }) => errors.push(`${error.reason} ${error.metadata['key'] ?? ''}`));
    await client.waitForReady();
    expect(client.booleanValue('beta', false, { targetingKey: 'ann' })).toBe(true);
    await until(() => errors.length > 0, { what: 'the error' });
    expect(errors[0]).toBe('INVALID_DEFINITION odd');
  });
});

test('waits for a server no longer than it was told', async () => {
  const clock = new ManualClock();
  const ignore = (): void => undefined;
  // Takes everything and answers nothing.
  const client = start({
    dial: (_endpoint, listener) => ({ send: ignore, end: () => listener.ended(undefined), cancel: ignore }),
    clock,
  });
  const waiting = client.waitForReady(750);
  const outcome = expect(waiting).rejects.toMatchObject({
    reason: 'NOT_READY',
    message:
      'no flags arrived within 750 ms: the evaluator at localhost:8013 has not answered. Check target, and that an evaluator runs there; where one only needs longer, wait longer.',
  });
  await until(() => clock.pendingMs.includes(750), { what: 'the timeout' });
  clock.advance(750);
  await outcome;
});

test('says in the end where nobody was, why, and what to do next', async () => {
  const client = start({ target: 'localhost:1' });
  await until(() => client.status().lastError !== undefined, { what: 'the first failure' });
  await expect(client.waitForReady(1)).rejects.toMatchObject({
    message: expect.stringMatching(
      /^no flags arrived within 1 ms: the evaluator at localhost:1 cannot be reached: connect ECONNREFUSED \S+:1\. Start one there, or name another in target: [^.]*\.$/,
    ),
    metadata: { address: 'localhost:1' },
  });
});

test('says in the end what a server has answered, and which', async () => {
  const server = await SyncServerFixture.start();
  server.refuseWith(() => fail('UNAUTHENTICATED', 'the key is not known'));
  const client = start({ target: server.target });
  await until(() => client.status().lastError !== undefined, { what: 'the refusal' });
  await expect(client.waitForLive(1)).rejects.toThrow(
    `no stream came up within 1 ms: the evaluator at ${server.target} says: the key is not known. `,
  );
});

test('a staleness bound counts from the pong that the next ping echoes', async () => {
  const clock = new ManualClock();
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  const client = start({ target: server.target, clock });
  await client.waitForLive();
  expect(client.booleanDetails('a', false).staleness).toEqual({ ms: 0, estimated: true, source: 'server' });

  // A ping vouches for what the server knows to be acknowledged.
  await until(() => server.streams[0]?.confirmed.length === 1, { what: 'the acknowledgement' });
  clock.advance(1_000);
  expect(client.status().stalenessMs).toBe(1_000);
  // The first ping has nothing to echo; the second echoes the pong that was stamped at 1,000.
  server.ping();
  await until(() => client.status().stalenessMs === 0, { what: 'the first ping' });
  expect(client.status().stalenessEstimated).toBe(true);
  clock.advance(300);
  server.ping();
  await until(() => !client.status().stalenessEstimated, { what: 'the second ping' });
  expect(client.status().stalenessMs).toBe(300);

  server.refuseWith(() => fail('DRAINING', 'going away'));
  server.breakStreams();
  await until(() => client.status().state === 'stale', { what: 'the end' });
  clock.advance(5_000);
  expect(client.booleanDetails('a', false).staleness).toEqual({
    ms: 5_300,
    estimated: false,
    source: 'server',
  });
});

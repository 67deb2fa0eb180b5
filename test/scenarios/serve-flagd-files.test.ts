// `flagstream serve --flags`: what runs in flagd's place, in a container too: its ports, its file, nothing beside.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FlagSyncServiceClient } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { credentials } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FlagdServer, startFlagdServer } from '../support/flagd-instance.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { runCommand } from '../support/run-command.ts';
import { succeedIn } from '../support/run-program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const document = (value: string): string =>
  JSON.stringify({ flags: { it: { state: 'ENABLED', variants: { v: value }, defaultVariant: 'v' } } });

const BUF = path.resolve(import.meta.dirname, '../../node_modules/.bin/buf');
const REFLECTION = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--reflect'];

const foldersIn = (temporary: string): string[] =>
  readdirSync(temporary).filter((name) => name.startsWith('flagstream'));

describe('one command with a flagd file', () => {
  const folder = tempDir('serve-flagd');
  const temporary = tempDir('serve-flagd-tmp');
  const file = path.join(folder, 'flags.json');
  let served: FlagdServer;

  beforeAll(async () => {
    writeFileSync(file, document('first'));
    // As the image does it: a container has an address of its own.
    const env = { FLAGSTREAM_HOST: '0.0.0.0', FLAGSTREAM_INSECURE: 'true', TMPDIR: temporary };
    served = await startFlagdServer(['--flags', file], { env });
  });

  test('answers on all of flagd’s ports, to callers that show no key', async () => {
    const { port, ask } = served;
    expect(await ask('it')).toMatchObject({ value: 'first', reason: 'STATIC' });
    const sync = new FlagSyncServiceClient(`127.0.0.1:${port + 2}`, credentials.createInsecure());
    hold({ what: 'client of flagd.sync', release: async () => sync.close(), releaseNow: () => sync.close() });
    const request = { providerId: '', selector: '' };
    const { flagConfiguration } = await callUnary(sync, sync.fetchAllFlags, request);
    expect(flagConfiguration).toContain('first');
    const ofrep = await fetch(`http://127.0.0.1:${port + 3}/ofrep/v1/evaluate/flags/it`, {
      method: 'POST',
      body: '{"context":{}}',
    });
    expect(await ofrep.json()).toMatchObject({ key: 'it', value: 'first' });
    const health = await runCommand(['health', 'evaluator', '--evaluator', `localhost:${port}`]);
    expect(health).toMatchObject({ code: 0 });
  });

  test('follows the file, and logs one document per line', async () => {
    writeFileSync(file, document('second'));
    await served.process.waitForLine(({ json }) => /read again, 1 flag in force/.test(String(json?.['msg'])));
    await until(
      async () => {
        const answer = await served.ask('it');
        return 'value' in answer && answer.value === 'second';
      },
      { what: 'the second version of the file' },
    );
    writeFileSync(file, '{');
    const { json } = await served.process.waitForLine(/last good flags stay in force/);
    expect(json).toMatchObject({ level: 'warn', service: 'evaluator', insecure: true });
    expect(served.process.text('stderr')).toBe('');
    expect(served.process.lines.filter((line) => line.json === undefined)).toEqual([]);
  });

  test('takes no change but the file’s', async () => {
    const off = await runCommand(['flag', 'disable', 'it', '--server', `localhost:${served.port}`]);
    expect(off).toMatchObject({ code: 1 });
    expect(await served.ask('it')).toMatchObject({ value: 'second' });
  });

  test('stops at SIGTERM and leaves nothing but the file', async () => {
    expect(foldersIn(temporary)).toHaveLength(1);
    expect(await served.process.stop()).toEqual({ code: 0, signal: null });
    expect(foldersIn(temporary)).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });
});

test('on loopback everything that an evaluator serves is there, reflection too', async () => {
  const file = path.join(tempDir('serve-flagd-loopback'), 'flags.json');
  writeFileSync(file, document('here'));
  const { port, ask } = await startFlagdServer(['--flags', file, '--project', 'shop']);
  expect(await ask('it')).toMatchObject({ value: 'here', metadata: { flagSetId: 'shop/development' } });
  const explain = ['eval', 'it', '--evaluator', `localhost:${port}`, '-p', 'shop', '--explain'];
  expect(await runCommand(explain)).toMatchObject({ code: 0, stdout: expect.stringContaining('here') });
  const listing = [...REFLECTION, '--list-services', `http://localhost:${port + 2}`];
  const listed = await succeedIn(tempDir('serve-flagd-buf'), BUF, listing);
  expect(listed).toContain('flagd.sync.v1.FlagSyncService');
});

test.each([
  [[], 2, 'neither --role nor --flags says what to serve'],
  [['--fractional', 'v1'], 2, '--fractional needs --flags'],
  [['--flags', 'none.json', '--role', 'control-plane'], 2, '--flags makes an evaluator'],
  [['--flags', 'none.json', '--nats-url', 'nats://localhost:1'], 78, 'nats.url: cannot be set with --flags'],
])('%j says what is wrong', async (words, code, message) => {
  const ended = await runCommand(['serve', ...words]);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toContain(message);
});

test('a file that is not there ends it before anything has started', async () => {
  const ended = await runFlagstream(['serve', '--flags', 'none.json']);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain('none.json cannot be read');
});

test('beyond loopback it starts only where somebody said so', async () => {
  const file = path.join(tempDir('serve-flagd-refused'), 'flags.json');
  writeFileSync(file, document('x'));
  const ended = await runFlagstream(['serve', '--flags', file, '--host', '0.0.0.0']);
  expect(ended).toMatchObject({ code: 78 });
  expect(ended.stderr).toContain('insecure: true (--insecure, FLAGSTREAM_INSECURE=true)');
});

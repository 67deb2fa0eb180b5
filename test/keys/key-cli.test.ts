// Keys as people use them: a control plane and an evaluator as real processes that ask for keys, the command line, and
// the SDK.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '@flagstream/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { privateValue } from '../support/private-value.ts';
import type { TestProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const EXIT_DENIED = 5;
const CONTEXT = ['-c', JSON.stringify({ targetingKey: privateValue('typed') })];

describe('the command line with keys', () => {
  const data = tempDir('key-cli');
  let [controlPlanePort, evaluatorPort] = [0, 0];
  let places: Record<string, string>;
  let owner: Record<string, string>;
  let evaluator: TestProcess;

  const run = (words: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> =>
    runFlagstream(words, { env: { ...places, ...env } });
  const make = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(['key', 'create', ...words], owner);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout.trim();
  };
  const evaluate = (token: string): Promise<Finished> =>
    run(['eval', 'new-checkout', ...CONTEXT], { FLAGSTREAM_API_KEY: token });

  beforeAll(async () => {
    [controlPlanePort, evaluatorPort] = [await freePort(), await freePort()];
    const managementPorts = [await freePort(), await freePort()];
    places = {
      FLAGSTREAM_SERVER: `localhost:${controlPlanePort}`,
      FLAGSTREAM_EVALUATOR: `localhost:${evaluatorPort}`,
    };
    const controlPlane = startFlagstream([
      'serve',
      '--role=control-plane',
      '--require-keys',
      '--seed=demo',
      `--data=${data}`,
      `--grpc-port=${controlPlanePort}`,
      `--management-port=${managementPorts[0]}`,
    ]);
    await controlPlane.waitForReady(managementPorts[0]!);
    owner = { FLAGSTREAM_API_KEY: readFileSync(path.join(data, 'owner-key'), 'utf8') };
    const node = await make('--kind', 'admin', '--role', 'node');
    evaluator = startFlagstream(
      [
        'serve',
        '--role=evaluator',
        '--require-keys',
        `--control-plane-address=127.0.0.1:${controlPlanePort}`,
        `--grpc-port=${evaluatorPort}`,
        `--management-port=${managementPorts[1]}`,
      ],
      { env: { FLAGSTREAM_CONTROL_PLANE_KEY: node } },
    );
    await evaluator.waitForReady(managementPorts[1]!);
  });

  test('is told to show a key, and which it may not use', async () => {
    const none = await run(['flag', 'list'], {});
    expect([none.code, none.stderr]).toEqual([
      EXIT_DENIED,
      expect.stringMatching(/no key.*--api-key-file.*FLAGSTREAM_API_KEY/s),
    ]);
    const wrong = await run(['flag', 'list'], { FLAGSTREAM_API_KEY: 'fsa_nonsense' });
    expect([wrong.code, wrong.stderr]).toEqual([EXIT_DENIED, expect.stringContaining('malformed')]);
    const server = await make('--kind', 'server');
    const denied = await run(['flag', 'list'], { FLAGSTREAM_API_KEY: server });
    expect([denied.code, denied.stderr]).toEqual([EXIT_DENIED, expect.stringContaining('may not read')]);
  });

  test('takes the key from a file, and never from a flag', async () => {
    const file = path.join(data, 'owner-key');
    expect((await run(['flag', 'list', '--api-key-file', file], {})).code).toBe(0);
    const missing = await run(['flag', 'list', '--api-key-file', `${file}-not`], {});
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('--api-key-file')]);
  });

  test('makes, lists, rotates and revokes keys', async () => {
    const token = await make('--kind', 'server', '--display-name', 'the web shop', '--expires', '30d');
    const id = token.split('_').at(-3)!;
    await until(async () => (await evaluate(token)).code === 0, { what: 'the key at the evaluator' });
    const listed = await run(['key', 'list'], owner);
    expect(listed.stdout).toContain('the web shop');
    expect(listed.stdout).not.toContain(token.split('_').at(-2));
    const rotated = await run(['key', 'rotate', id, '--overlap', '1h'], owner);
    expect(rotated.stdout.trim()).toMatch(/^fss_development_/);
    await until(async () => (await evaluate(rotated.stdout.trim())).code === 0, { what: 'the new secret' });
    expect((await evaluate(token)).code).toBe(0);
    expect((await run(['key', 'revoke', id, '--comment', 'leaked'], owner)).code).toBe(0);
    await until(async () => (await evaluate(token)).code === EXIT_DENIED, { what: 'the end of the key' });
    const again = await run(['key', 'revoke', id, '--comment', 'leaked'], owner);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('revoked, as before')]);
    expect(again.stderr).not.toContain('revision');
    const after = await run(['key', 'list', '--revoked'], owner);
    expect(after.stdout).toMatch(/the web shop.*revoked/);
    const unknown = await run(['key', 'revoke', 'nosuchkey'], owner);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('nosuchkey')]);
  });

  test('a key of another environment decides where a flag is evaluated and watched, unless one is named', async () => {
    const token = await make('--kind', 'server', '-e', 'production', '--comment', 'for the command line');
    await until(async () => (await evaluate(token)).code === 0, { what: 'the key at the evaluator' });
    const named = await run(['eval', 'new-checkout', ...CONTEXT, '-e', 'development'], {
      FLAGSTREAM_API_KEY: token,
    });
    expect([named.code, named.stderr]).toEqual([EXIT_DENIED, expect.stringContaining("not the key's own")]);
    const watching = startFlagstream(['watch'], { env: { ...places, FLAGSTREAM_API_KEY: token } });
    await until(() => watching.text('stderr').includes("the key's environment"), { what: 'the greeting' });
    await watching.stop();
  });

  test('takes an environment out of service', async () => {
    const made = await run(['environment', 'create', 'short-lived'], owner);
    expect(made).toMatchObject({ code: 0 });
    const archived = await run(['environment', 'archive', 'short-lived'], owner);
    expect([archived.code, archived.stderr]).toEqual([
      0,
      expect.stringMatching(/short-lived of project default archived \(revision/),
    ]);
    expect((await run(['environment', 'list'], owner)).stdout).not.toContain('short-lived');
  });

  test('the SDK finds its environment by its key, and loses the stream with it', async () => {
    const token = await make('--kind', 'server', '-e', 'production', '--comment', 'for production');
    const client = createClient({ target: `127.0.0.1:${evaluatorPort}`, apiKey: token });
    await client.waitForReady();
    expect(client.status()).toMatchObject({ state: 'live', environment: 'production' });
    const lost: string[] = [];
    client.on('error', ({ error }) => lost.push(error.reason));
    const revoked = await run(['key', 'revoke', token.split('_').at(-3)!, '--comment', 'leaked'], owner);
    expect(revoked.code).toBe(0);
    await until(() => lost.includes('UNAUTHENTICATED'), { what: 'the client to be told' });
    // What it holds it goes on serving, and says that it is stale.
    expect(client.stringValue('no-such-flag', 'default')).toBe('default');
    await client.close();
  });

  afterAll(() => {
    // Neither process says a secret.
    const secret = owner['FLAGSTREAM_API_KEY']!.trim().split('_').at(-2)!;
    expect(evaluator.lines.filter(({ text }) => text.includes(secret))).toEqual([]);
  });
});

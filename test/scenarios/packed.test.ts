// The packed artefact, as a stranger gets it: installed by npm into an empty folder, started, used from the
// command line and as a library. Install scripts are off, so the workspace's compiled SQLite takes the place
// of the one that they would compile (make fresh compiles it).

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePortRange } from '../support/free-port.ts';
import { TestProcess } from '../support/process.ts';
import { runProgramIn, succeedIn } from '../support/run-program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const ROOT: string = path.resolve(import.meta.dirname, '../..');
const PORTS = 7;
/** npm install included, on a loaded machine. */
const SET_UP_MS = 120_000;

describe('the packed artefact', () => {
  const folder = tempDir('packed');
  const installed = path.join(folder, 'node_modules', 'flagstream');
  const bin = path.join(folder, 'node_modules', '.bin', 'flagstream');
  let base = 0;
  let dev: TestProcess;

  beforeAll(async () => {
    const tarball = (
      await succeedIn(ROOT, process.execPath, [path.join(ROOT, 'scripts/pack.mjs'), tempDir('pack')])
    ).trim();
    expect(path.basename(tarball)).toMatch(/^flagstream-\d+\.\d+\.\d+\.tgz$/);
    const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await succeedIn(folder, 'npm', ['install', ...quiet, tarball]);
    const compiled = path.join('build', 'Release', 'better_sqlite3.node');
    const ours = path.dirname(createRequire(import.meta.url).resolve('better-sqlite3/package.json'));
    mkdirSync(path.join(folder, 'node_modules/better-sqlite3/build/Release'), { recursive: true });
    cpSync(path.join(ours, compiled), path.join(folder, 'node_modules/better-sqlite3', compiled));

    base = await freePortRange(PORTS);
    dev = new TestProcess('flagstream dev', bin, ['dev', '--seed', 'demo', '--port-base', String(base)], {
      cwd: folder,
    });
    await dev.waitForReady(base + 4);
  }, SET_UP_MS);

  test('carries the licences of what is inside', () => {
    const notices = readFileSync(path.join(installed, 'THIRD_PARTY_NOTICES'), 'utf8');
    for (const name of ['@grpc/grpc-js 1.', 'nats 2.', 'zod 4.', '@bufbuild/protobuf 2.']) {
      expect(notices).toContain(`\n${name}`);
    }
    expect(notices).not.toContain('better-sqlite3');
    expect(readFileSync(path.join(installed, 'LICENSE'), 'utf8')).toContain('Apache License');
  });

  test('changes a flag and sees the change, with npx flagstream', async () => {
    const server = ['--server', `localhost:${base}`];
    const evaluator = ['--evaluator', `localhost:${base + 3}`, '-o', 'json'];
    const evaluate = ['eval', 'new-checkout', '-c', '{"targetingKey":"u1"}', ...evaluator];
    const before = await succeedIn(folder, 'npx', ['flagstream', ...evaluate]);
    expect(JSON.parse(before)).toMatchObject({ enabled: true });
    const disable = ['flag', 'disable', 'new-checkout', '--comment', 'packed test', ...server];
    await succeedIn(folder, 'npx', ['flagstream', ...disable]);
    await until(async () => JSON.parse(await succeedIn(folder, bin, evaluate)).enabled !== true, {
      what: 'the evaluator to have the flag switched off',
    });
  });

  test('is a library: flags are held and evaluated in the application', async () => {
    const source = `
      import { createClient } from 'flagstream';
      const client = createClient({ target: 'localhost:${base + 3}' });
      await client.waitForReady(10_000);
      console.log(JSON.stringify({ flags: client.allFlags({ targetingKey: 'u1' }).flags.has("new-checkout") }));
      await client.close();
    `;
    writeFileSync(path.join(folder, 'consumer.mjs'), source);
    expect(JSON.parse(await succeedIn(folder, process.execPath, ['consumer.mjs']))).toEqual({ flags: true });
  });

  test('has types that a strict TypeScript project compiles with, libraries checked', async () => {
    for (const name of ['@types', '@openfeature']) {
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
    }
    const source = `
      import { OpenFeature } from '@openfeature/server-sdk';
      import { createClient, type ClientStatus } from 'flagstream';
      import { FlagstreamProvider } from 'flagstream/openfeature';
      import { TestFlags } from 'flagstream/testing';
      const client = createClient({ target: 'localhost:8013' });
      const on: boolean = client.booleanValue('new-checkout', false, { targetingKey: 'u1' });
      const status: ClientStatus = client.status();
      // @ts-expect-error: a number is no context
      client.booleanValue('new-checkout', false, 1);
      await OpenFeature.setProviderAndWait(new FlagstreamProvider({ target: 'localhost:8013' }));
      console.log(on, status.lastError?.reason, new TestFlags().client().status());
    `;
    writeFileSync(path.join(folder, 'consumer.mts'), source);
    const options = {
      strict: true,
      module: 'nodenext',
      target: 'es2023',
      noEmit: true,
      types: ['node'],
    };
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['consumer.mts'] }),
    );
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(await runProgramIn(folder, process.execPath, [compiler, '-p', '.'])).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  test('stops cleanly', async () => {
    expect(await dev.stop()).toEqual({ code: 0, signal: null });
    expect(dev.text('stderr')).toContain('stopped');
  });
});

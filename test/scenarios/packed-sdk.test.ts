// The SDK's own tarball, as `npm pack` makes it and as a stranger gets it: installed by npm into an empty project outside
// of this repository, loaded both ways, compiled against, evaluated against a server, and used in tests without one.

import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { runCommand } from '../support/run-command.ts';
import { runProgramIn, succeedIn } from '../support/run-program.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT: string = path.resolve(import.meta.dirname, '../..');
const SDK: string = path.join(ROOT, 'packages', 'client');
const COMPILER: string = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const QUIET: readonly string[] = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
/** npm install included, on a loaded machine. */
const SET_UP_MS = 120_000;

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
const manifest = readManifest(SDK);
/** What the OpenFeature subpath and its declarations need, as an application has it. */
const OPENFEATURE: readonly string[] = [
  `@openfeature/server-sdk@${manifest.dependencies['@openfeature/server-sdk']}`,
  `@types/node@${readManifest(ROOT).devDependencies['@types/node']}`,
];

/** Runs `npm pack` in a copy of the package's folder, so that no other test sees it while its manifest is changed. */
async function npmPack(copy: string): Promise<string> {
  mkdirSync(copy, { recursive: true });
  for (const file of ['package.json', 'README.md']) copyFileSync(path.join(SDK, file), path.join(copy, file));
  symlinkSync(path.join(ROOT, 'scripts'), path.join(copy, '../../scripts'));
  const destination = tempDir('sdk-tarball');
  await succeedIn(copy, 'npm', ['pack', '--pack-destination', destination, '--loglevel=error']);
  const [tarball] = readdirSync(destination);
  return path.join(destination, tarball!);
}

/** Files below a folder, as paths in it. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(path.join(folder, name)).isDirectory())
    .sort();
}

describe("the SDK's own tarball", () => {
  const workspace = path.join(tempDir('sdk-pack'), 'packages', 'client');
  const project = realpathSync(tempDir('sdk-project'));
  const installed = path.join(project, 'node_modules', '@flagstream', 'client');
  let tarball = '';
  let dev: DevInstance;

  const node = (...words: readonly string[]): Promise<string> => succeedIn(project, process.execPath, words);
  const answerOf = async (...words: readonly string[]): Promise<unknown> => JSON.parse(await node(...words));

  beforeAll(async () => {
    const server = startDev({ seed: 'demo' });
    tarball = await npmPack(workspace);
    writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');
    await succeedIn(project, 'npm', ['install', ...QUIET, tarball, ...OPENFEATURE]);
    dev = await server;
  }, SET_UP_MS);

  test('is the only thing that npm pack leaves, and the same bytes as from make pack', async () => {
    expect(path.basename(tarball)).toBe(`flagstream-client-${manifest.version}.tgz`);
    expect(filesBelow(workspace)).toEqual(['README.md', 'package.json']);
    expect(readFileSync(path.join(workspace, 'package.json'), 'utf8')).toBe(
      readFileSync(path.join(SDK, 'package.json'), 'utf8'),
    );
    const script = path.join(ROOT, 'scripts/pack-client.mjs');
    const again = await succeedIn(ROOT, process.execPath, [script, tempDir('sdk-again')]);
    expect(readFileSync(again.trim()).equals(readFileSync(tarball))).toBe(true);
  });

  test('holds what it says and nothing of the workspace', () => {
    const files = filesBelow(installed);
    const kinds = files.filter((file) => !/\.(js|d\.ts)$/.test(file));
    expect(kinds).toEqual([
      'LICENSE',
      'README.md',
      'THIRD_PARTY_NOTICES',
      'cjs/package.json',
      'package.json',
    ]);
    expect(files.filter((file) => /test\.|fixture|\/src\//.test(file))).toEqual([]);
    const texts = files.map((file) => [file, readFileSync(path.join(installed, file), 'utf8')] as const);
    const told = (pattern: RegExp): readonly string[] =>
      texts.filter(([, text]) => pattern.test(text)).map(([file]) => file);
    expect(told(/@flagstream\/(?!client\b)/)).toEqual([]);
    expect(told(/sourceMappingURL/)).toEqual([]);
    expect(texts.filter(([, text]) => text.includes(ROOT)).map(([file]) => file)).toEqual([]);
    for (const name of ['re2js 2.', 'semver 7.', '@bufbuild/protobuf 2.'])
      expect(readFileSync(path.join(installed, 'THIRD_PARTY_NOTICES'), 'utf8')).toContain(`\n${name}`);
  });

  test('brings no native module, no link and no package of ours into the project', () => {
    const modules = path.join(project, 'node_modules');
    const files = filesBelow(modules);
    expect(files.filter((file) => file.endsWith('.node') || file.endsWith('binding.gyp'))).toEqual([]);
    const links = files.filter((file) => lstatSync(path.join(modules, file)).isSymbolicLink());
    expect(links.filter((file) => !realpathSync(path.join(modules, file)).startsWith(modules))).toEqual([]);
    expect(links.filter((file) => !file.includes('.bin'))).toEqual([]);
    expect(readdirSync(path.join(modules, '@flagstream'))).toEqual(['client']);
  });

  test('loads by require, with everything from the project', async () => {
    const program = `
      const sdk = require('@flagstream/client');
      const { FlagstreamProvider } = require('@flagstream/client/openfeature');
      const { TestFlags } = require('@flagstream/client/testing');
      const flags = new TestFlags();
      flags.set('new-checkout', true);
      const client = flags.client();
      const strangers = Object.keys(require.cache).filter((file) => !file.startsWith(process.cwd()));
      const provider = new FlagstreamProvider(client);
      provider.initialize().then(() => console.log(JSON.stringify({
        value: client.booleanValue('new-checkout', false),
        oneClass: client instanceof sdk.FlagstreamClient && provider.client === client,
        strangers,
      })));
    `;
    expect(await answerOf('-e', program)).toEqual({ value: true, oneClass: true, strangers: [] });
  });

  test('loads by import, and a client of one format serves a provider of the other', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { FlagstreamClient } from '@flagstream/client';
      import { TestFlags } from '@flagstream/client/testing';
      const require = createRequire(import.meta.url);
      const { FlagstreamProvider } = require('@flagstream/client/openfeature');
      const flags = new TestFlags();
      flags.set('limit', 7);
      const client = flags.client();
      const provider = new FlagstreamProvider(client);
      await provider.initialize();
      const { value } = await provider.resolveNumberEvaluation('limit', 0, {});
      console.log(JSON.stringify({ value, oneClass: client instanceof FlagstreamClient,
        twoFormats: require('@flagstream/client').FlagstreamClient !== FlagstreamClient }));
    `;
    writeFileSync(path.join(project, 'both.mjs'), program);
    expect(await answerOf('both.mjs')).toEqual({ value: 7, oneClass: true, twoFormats: true });
  });

  test.each([
    ['import', 'served.mjs', "import { createClient } from '@flagstream/client';"],
    ['require', 'served.cjs', "const { createClient } = require('@flagstream/client');"],
  ])('evaluates what a real server sends, loaded by %s', async (_format, file, loading) => {
    const program = `
      ${loading}
      const client = createClient({ target: 'localhost:${dev.evaluatorPort}' });
      client.waitForLive().then(async () => {
        const { value, reason, revision } = client.booleanDetails('new-checkout', false, { targetingKey: 'u1' });
        console.log(JSON.stringify({ reason, value: typeof value, served: revision > 0 }));
        await client.close();
      });
    `;
    writeFileSync(path.join(project, file), program);
    const details = (await answerOf(file)) as { readonly reason: string };
    expect(details).toMatchObject({ value: 'boolean', served: true });
    expect(details.reason).not.toBe('ERROR');
  });

  test('serves OpenFeature from a real server', async () => {
    const program = `
      import { FlagstreamProvider } from '@flagstream/client/openfeature';
      import { OpenFeature } from '@openfeature/server-sdk';
      await OpenFeature.setProviderAndWait(new FlagstreamProvider({ target: 'localhost:${dev.evaluatorPort}' }));
      const details = await OpenFeature.getClient().getBooleanDetails('new-checkout', false, { targetingKey: 'u1' });
      console.log(JSON.stringify({ flagSetId: details.flagMetadata.flagSetId, failed: details.errorCode !== undefined }));
      await OpenFeature.close();
    `;
    writeFileSync(path.join(project, 'openfeature.mjs'), program);
    expect(await answerOf('openfeature.mjs')).toEqual({ flagSetId: 'default/development', failed: false });
  });

  test("a test's flags answer as the server's do, from what flagstream export wrote", async () => {
    const file = path.join(project, 'flags.json');
    const words = ['export', '-o', 'json', '--file', file, '--server', `localhost:${dev.adminPort}`];
    expect(await runCommand(words)).toMatchObject({ code: 0 });
    const program = `
      import { readFileSync } from 'node:fs';
      import { createClient } from '@flagstream/client';
      import { TestFlags } from '@flagstream/client/testing';
      // Windows and ramps of the demo flags are asked for the same instant.
      const clock = { nowMs: () => 1_790_000_000_000, monotonicMs: () => performance.now(),
        schedule: (ms, run) => { const timer = setTimeout(run, ms); return () => clearTimeout(timer); } };
      const served = createClient({ target: 'localhost:${dev.evaluatorPort}', clock });
      await served.waitForLive();
      const flags = new TestFlags({ clock });
      flags.load(JSON.parse(readFileSync('flags.json', 'utf8')));
      const tested = flags.client();
      const answers = (client) => Array.from({ length: 200 }, (_, user) => [
        ...client.allFlags({ targetingKey: 'user-' + user, country: user % 2 ? 'NL' : 'US', plan: 'premium' }).flags.values(),
      ]);
      const [theirs, ours] = [answers(served), answers(tested)].map((all) => JSON.stringify(all));
      console.log(JSON.stringify({ same: theirs === ours, flags: tested.allFlags().flags.size > 3 }));
      await served.close();
    `;
    writeFileSync(path.join(project, 'same.mjs'), program);
    expect(await answerOf('same.mjs')).toEqual({ same: true, flags: true });
  });

  test('the testing entry needs nothing beside itself: no transport, no server, no timer', async () => {
    const alone = realpathSync(tempDir('sdk-alone'));
    cpSync(installed, path.join(alone, 'node_modules', '@flagstream', 'client'), { recursive: true });
    const use = `
      const flags = new TestFlags();
      flags.set('new-checkout', true);
      flags.override('new-checkout', 'user-1', false);
      const client = flags.client();
      client.on('change', ({ flagKeys }) => console.log(flagKeys.join(), client.stringValue('theme', 'none'),
        client.booleanValue('new-checkout', true, { targetingKey: 'user-1' })));
      flags.set('theme', 'dark');
    `;
    const loading = {
      'alone.mjs': "import { TestFlags } from '@flagstream/client/testing';",
      'alone.cjs': "const { TestFlags } = require('@flagstream/client/testing');",
    };
    for (const [file, line] of Object.entries(loading)) {
      writeFileSync(path.join(alone, file), `${line}\n${use}`);
      expect(await succeedIn(alone, process.execPath, [file])).toBe('theme dark false\n');
    }
    const whole = await runProgramIn(alone, process.execPath, ['-e', "require('@flagstream/client')"]);
    expect(whole.stderr).toContain('@grpc/grpc-js');
  });

  const sdkSource = `
    import { createClient, type ClientStatus, type FlagstreamClient } from '@flagstream/client';
    import { TestClock, TestFlags } from '@flagstream/client/testing';
    const client: FlagstreamClient = createClient({ target: 'localhost:8013' });
    const on: boolean = client.booleanValue('new-checkout', false, { targetingKey: 'u1' });
    const status: ClientStatus = client.status();
    // @ts-expect-error: a number is no context
    client.booleanValue('new-checkout', false, 1);
    interface Flags { readonly 'new-checkout': boolean; readonly limit: number }
    const flags = new TestFlags<Flags>({ clock: new TestClock() });
    flags.set('limit', 3);
    // @ts-expect-error: the flag is a number
    flags.override('limit', 'u1', 'many');
    const tested: FlagstreamClient = flags.client();
    export const seen: unknown[] = [on, status.lastError?.reason, tested.numberValue('limit', 0)];
  `;
  const providerSource = `
    import { createClient } from '@flagstream/client';
    import { FlagstreamProvider } from '@flagstream/client/openfeature';
    import { OpenFeature } from '@openfeature/server-sdk';
    OpenFeature.setProvider(new FlagstreamProvider(createClient()));
  `;
  const compile = async (name: string, files: Readonly<Record<string, string>>, options: object) => {
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(project, file), text);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2022',
      types: [],
      ...options,
    };
    const config = path.join(project, `tsconfig.${name}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: Object.keys(files) }));
    return await runProgramIn(project, process.execPath, [COMPILER, '-p', config]);
  };
  const sound = { code: 0, stdout: '' };
  // The OpenFeature SDK's declarations need Node's, and those allow no exact optional properties.
  const withNode = { types: ['node'], exactOptionalPropertyTypes: false };

  test('types resolve under node16 in both formats, libraries checked', async () => {
    const sources = { 'sdk.mts': sdkSource, 'sdk.cts': sdkSource };
    expect(await compile('node16', sources, { module: 'node16' })).toMatchObject(sound);
    const providers = { 'provider.mts': providerSource, 'provider.cts': providerSource };
    expect(await compile('node16-of', providers, { module: 'node16', ...withNode })).toMatchObject(sound);
  });

  test('types resolve as bundlers resolve, libraries checked', async () => {
    const options = { module: 'esnext', moduleResolution: 'bundler' };
    expect(await compile('bundler', { 'sdk.ts': sdkSource }, options)).toMatchObject(sound);
    const provider = { 'provider.ts': providerSource };
    expect(await compile('bundler-of', provider, { ...options, ...withNode })).toMatchObject(sound);
  });
});

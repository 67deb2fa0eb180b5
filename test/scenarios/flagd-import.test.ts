// `flagstream import --from flagd` into a running control plane: what is written, what is told, and that a second run
// changes nothing.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import type { Finished } from '../support/flagstream.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';

const SAMPLE = path.resolve(import.meta.dirname, '../../deploy/flagd/demo.flagd.json');
const folder = tempDir('flagd-import');
let dev: DevInstance;

beforeAll(async () => {
  dev = await startDev();
});

const run = (...words: string[]): Promise<Finished> =>
  runCommand([...words, '--server', `localhost:${dev.adminPort}`]);
const importing = (file: string, ...words: string[]): Promise<Finished> =>
  run('import', '--from', 'flagd', file, ...words);
const ask = (...words: string[]): Promise<Finished> =>
  runCommand(['eval', ...words, '-o', 'json', '--evaluator', `localhost:${dev.evaluatorPort}`]);

function file(name: string, flags: object): string {
  const place = path.join(folder, name);
  writeFileSync(place, JSON.stringify({ flags }));
  return place;
}

const flag = (more: object = {}): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'on',
  ...more,
});

test('a dry run tells the changes and writes nothing', async () => {
  const before = await run('changes', '--limit', '1');
  const told = await importing(SAMPLE, '--dry-run');
  expect(told).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^\+ flag showBanner\n(.*\n)+\+ flag showBanner in development: enabled, rules, /,
    ),
    stderr: '6 to create, 0 to update, 0 to archive\n',
  });
  expect((await run('changes', '--limit', '1')).stdout).toBe(before.stdout);
});

test('an import is one revision, answers as flagd does, and a second one changes nothing', async () => {
  const first = await importing(SAMPLE, '--yes');
  expect(first).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^3 flags imported, 6 changes \(revision \d+, /),
  });
  const staff = await ask('showBanner', '-c', '{"targetingKey":"a","email":"ada@shop.example"}');
  expect(JSON.parse(staff.stdout)).toMatchObject({ value: true, variant: 'on' });
  expect(await importing(SAMPLE, '--yes')).toEqual({ code: 0, stdout: '', stderr: 'no changes\n' });
});

test('what people have written beside a flag stays, and only what the file says changes', async () => {
  const described = file('described.json', { described: flag() });
  expect(await importing(described, '--yes')).toMatchObject({ code: 0 });
  const ours = path.join(folder, 'owner.yaml');
  writeFileSync(
    ours,
    'format: flagstream/v1\nflags: [{ flag: { name: described, kind: FLAG_KIND_BOOLEAN, owner: ada } }]\n',
  );
  expect(await run('apply', '-f', ours, '--yes')).toMatchObject({ code: 0 });
  expect(await importing(described, '--yes')).toMatchObject({
    code: 0,
    stdout: '~ flag described: provenance\n',
  });
  expect(await importing(described, '--yes')).toMatchObject({ code: 0, stderr: 'no changes\n' });
  file('described.json', { described: flag({ defaultVariant: 'off' }) });
  const changed = await importing(described, '--yes', '-m', 'off by default');
  expect(changed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^~ flag described in development: /),
  });
  expect((await run('flag', 'get', 'described')).stdout).toContain('ada');
});

test('a file of which a flag cannot be taken over writes nothing, unless the rest is asked for', async () => {
  const place = file('refused.json', {
    fine: flag(),
    'not a name': flag(),
    undecodable: flag({ state: 5 }),
  });
  const refused = await importing(place, '--yes');
  expect(refused.code).toBe(7);
  expect(refused.stderr).toMatch(/refused\.json:1:\d+: flag "not a name" is left out: .*Rename the flag/);
  expect(refused.stderr).toMatch(
    /refused\.json:1:\d+: flag "undecodable" is left out: flags\.undecodable\.state: /,
  );
  expect(refused.stderr).toMatch(
    /2 flags of .* cannot be taken over; nothing was written\n.*\n.*--allow-refused/,
  );
  expect((await run('flag', 'get', 'fine')).code).toBe(3);
  const rest = await importing(place, '--yes', '--allow-refused', '-o', 'json');
  expect(rest.code).toBe(0);
  expect(JSON.parse(rest.stdout)).toMatchObject({
    flags: ['fine'],
    refused: [{ flag: 'undecodable' }, { flag: 'not a name', path: 'flags."not a name"' }],
    revision: expect.stringMatching(/^revision /),
  });
  expect((await run('flag', 'get', 'fine')).code).toBe(0);
});

test('project and environment are made where they are not there; the fractional arithmetic can be an older one', async () => {
  const made = await importing(SAMPLE, '-p', 'moved', '-e', 'live', '--fractional', 'v1', '--yes');
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\+ project moved\n\+ environment live\n\+ flag showBanner\n/),
  });
  const exported = await run('export', '-p', 'moved');
  expect(exported.stdout).toContain('jsonLogicDialect: flagd-fractional-v1');
});

test('flags of --from alone, a file that flagd rejects, and a file of ours are told', async () => {
  expect(await run('import', SAMPLE, '--allow-refused')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--allow-refused needs --from'),
  });
  const rejected = file('rejected.json', { a: flag({ defaultVariant: 'none' }) });
  expect(await importing(rejected, '--yes')).toMatchObject({ code: 7 });
  const ours = path.join(folder, 'ours.yaml');
  writeFileSync(ours, 'format: flagstream/v1\nflags: []\n');
  const imported = await importing(ours, '--yes');
  expect(imported).toMatchObject({ code: 0 });
  expect(imported.stderr).toMatch(
    /ours\.yaml:1:9: note: format is nothing that flagd reads.*\nno changes\n$/,
  );
});

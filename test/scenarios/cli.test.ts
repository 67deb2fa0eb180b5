// The flagstream command against a real `flagstream dev`: what a person types, what they read, what scripts see.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { type Finished, revisionIn, runFlagstream } from '../support/flagstream.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

let dev: DevInstance;
const folder = tempDir('cli');

beforeAll(async () => {
  dev = await startDev({ seed: 'demo' });
  for (const [name, value] of Object.entries(dev.env)) vi.stubEnv(name, value);
});

afterAll(() => {
  vi.unstubAllEnvs();
});

const run = (...words: string[]): Promise<Finished> => runCommand(words);

async function json(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run(...words, '-o', 'json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

function file(name: string, text: string): string {
  const place = path.join(folder, name);
  writeFileSync(place, text);
  return place;
}

describe('dev', () => {
  test('says where it listens and what to try, for people on stdout alone', async () => {
    await dev.process.waitForLine('Ctrl-C stops it');
    const stdout = dev.process.text('stdout');
    expect(stdout).toContain('no key needed');
    const at = (offset: number): string => `localhost:${dev.portBase + offset}`;
    expect(stdout).toContain(`control plane  ${at(0)} (gRPC)   http://${at(1)}/metrics`);
    expect(stdout).toContain(`flagd: ${at(3)} (RPC), ${at(5)} (in process); OFREP: http://${at(6)}`);
    expect(stdout).toContain(`npx flagstream flag list --server localhost:${dev.adminPort}`);
    expect(stdout).toMatch(
      new RegExp(
        `grpcurl -plaintext -d '{"flagKey":"new-checkout".*\\n +localhost:${dev.evaluatorPort} flagstream.v1.EvaluationService/Evaluate`,
      ),
    );
    expect(
      dev.process.lines.filter(({ stream, json: line }) => stream === 'stdout' && line !== undefined),
    ).toEqual([]);
  });

  test('takes no port and no folder that it cannot use, and says the way out', async () => {
    const newer = tempDir('newer');
    const database = new Database(path.join(newer, 'flagstream.db'));
    database.exec('PRAGMA user_version = 999');
    database.close();
    const [port, locked, unwritable, tooNew] = await Promise.all([
      runFlagstream(['dev', `--port-base=${dev.portBase}`, `--data=${path.join(folder, 'other')}`]),
      runFlagstream(['dev', '--port-base=31000', `--data=${dev.dataDir}`]),
      runFlagstream(['dev', '--port-base=31000', `--data=${path.join(file('plain-file', ''), 'below')}`]),
      runFlagstream(['dev', '--port-base=31000', `--data=${newer}`]),
    ]);
    expect(port).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: port \d+ .* is in use/),
    });
    expect(port.stderr).toContain('--port-base');
    expect(locked).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: another process uses the data folder/),
    });
    expect(locked.stderr).toContain('--data DIR');
    expect(unwritable).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: cannot write to the data folder/),
    });
    expect(tooNew).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: .* has schema version 999, this release reads up to /),
    });
  });

  test('stops cleanly on Ctrl-C and has kept everything when it starts again', async () => {
    const dataDir = tempDir('kept');
    const first = await startDev({ dataDir });
    const created = await runFlagstream(['flag', 'create', 'kept', '--enable'], { env: first.env });
    expect(created).toMatchObject({ code: 0, stdout: '' });
    expect(await first.process.kill('SIGINT')).toEqual({ code: 0, signal: null });
    expect(first.process.text('stderr')).toContain(`stopped; the flags stay in ${dataDir}`);
    const second = await startDev({ dataDir });
    const list = await runFlagstream(['flag', 'list'], { env: second.env });
    expect(list.stdout).toBe('kept\tboolean\ton\ton\t\t\n');
  });
});

describe('flags', () => {
  test('are listed as columns, tab-separated rows or proto JSON', async () => {
    const [rows, documents, none] = await Promise.all([
      run('flag', 'list', '-e', 'production'),
      json('flag', 'list', '--tag', 'checkout'),
      run('flag', 'list', '--tag', 'no-such-tag', '-o', 'json'),
    ]);
    expect(rows.stdout).toMatch(/^new-checkout\tboolean\ton\t/m);
    expect(documents).toMatchObject([
      {
        flag: { name: 'projects/default/flags/checkout-button-color' },
        configs: { development: { enabled: true } },
      },
      { flag: { name: 'projects/default/flags/new-checkout', kind: 'FLAG_KIND_BOOLEAN' } },
    ]);
    expect(none).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  test('are created, rolled out, switched and archived', async () => {
    await run('flag', 'create', 'life', '--description', 'a life', '--tag', 'test');
    expect(await json('flag', 'get', 'life', '-e', 'development')).toMatchObject({
      flag: {
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
        tags: ['test'],
      },
    });
    const tenth = await run('flag', 'rollout', 'life', '10%');
    expect(tenth.stderr).toMatch(
      /^life in development: on 10%, off 90% \(revision \d+, e1\.\d+\)\n {2}the flag is off there/,
    );
    const half = await run('flag', 'rollout', 'life', '50%');
    expect(half.stderr).toContain('on 50%, off 50%; 40% of the users move');
    expect((await run('flag', 'enable', 'life')).stderr).toContain('development: on 50%, off 50%');
    // What is so already makes no revision that somebody could wait for in vain.
    const newest = async (): Promise<unknown> => Object(await json('wait', '--timeout', '20')).revision;
    const before = await newest();
    const asBefore = 'life is on in development: on 50%, off 50%, as before\n';
    expect((await run('flag', 'enable', 'life')).stderr).toBe(asBefore);
    expect((await run('flag', 'rollout', 'life', '50%')).stderr).toContain('as before');
    expect(await newest()).toEqual(before);
    const dry = await run('flag', 'disable', 'life', '--dry-run');
    expect(dry.stderr).toBe('dry run, nothing written: life is off in development\n');
    expect(await json('flag', 'get', 'life', '-e', 'development')).toMatchObject({
      configs: { development: { enabled: true } },
    });
    expect((await run('flag', 'archive', 'life', '-m', 'done')).code).toBe(0);
    const again = await run('flag', 'create', 'life');
    expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining('KEY_RETIRED') });
  });

  test('changed by two people at once take both changes', async () => {
    await run('flag', 'create', 'contended');
    const both = await Promise.all([
      run('flag', 'rollout', 'contended', '20%'),
      run('flag', 'enable', 'contended'),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect((await run('flag', 'list')).stdout).toMatch(/^contended\tboolean\ton\ton 20%, off 80%\t/m);
  });

  test('are written once by a command that is repeated with its operation id', async () => {
    const words = ['flag', 'create', 'once', '--op-id', 'cli-test-once'];
    const [first, second] = [await run(...words), await run(...words)];
    expect(second).toEqual(first);
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^flag once created .*\(revision \d+, e1\.\d+\)$/m),
    });
  });

  test('are written once also by commands that edit what they read, whatever was written since', async () => {
    await run('flag', 'create', 'edited');
    const edits = [
      ['flag', 'enable', 'edited', '--op-id', 'cli-test-enable'],
      ['flag', 'rollout', 'edited', '30%', '--op-id', 'cli-test-rollout'],
    ];
    const first = [await run(...edits[0]!), await run(...edits[1]!)];
    await run('flag', 'rollout', 'edited', '75%');
    await run('flag', 'disable', 'edited');
    const second = [await run(...edits[0]!), await run(...edits[1]!)];
    expect(first.map(({ code }) => code)).toEqual([0, 0]);
    expect(second).toEqual(first);
    expect((await run('flag', 'list')).stdout).toMatch(/^edited\tboolean\toff\t/m);
    const other = await run('flag', 'rollout', 'edited', '31%', '--op-id', 'cli-test-rollout');
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining('OP_ID_REUSED') });
  });

  test.each([
    [['flag', 'get', 'new-chekout'], 3, ['NOT_FOUND FLAG_NOT_FOUND', 'Did you mean new-checkout?']],
    [['flag', 'enable', 'new-checkout', '--etag', '1'], 4, ['ABORTED ETAG_MISMATCH']],
    [['flag', 'disable', 'new-checkout', '-e', 'production'], 7, ['COMMENT_REQUIRED', '-m "why"']],
    [['flag', 'rollout', 'new-checkout', '5%', '--variant', 'om'], 7, ['--variant', 'did you mean on?']],
    [['flag', 'list', '-p', 'no-such-project'], 3, ['PROJECT_NOT_FOUND']],
    [['flag', 'list', '--timeout', '0'], 2, ['Give seconds']],
    [['eval', 'no-such-flag'], 3, ['FLAG_NOT_FOUND']],
    [['flag', 'list', '--server', 'localhost:1'], 6, ['UNREACHABLE', '--server HOST:PORT']],
  ])('%j ends with %i', async (words, code, texts) => {
    const finished = await run(...words);
    expect(finished).toMatchObject({ code, stdout: '' });
    for (const text of texts) expect(finished.stderr).toContain(text);
  });
});

describe('eval', () => {
  // With a value by which the search of the whole run would know it in a log.
  const context = ['-c', '{"targetingKey":"user-1001","country":"NL","email":"undisclosed-typed"}'];

  test('answers value, variant, reason and rule', async () => {
    const [row, answer] = await Promise.all([
      run('eval', 'new-checkout', ...context),
      json('eval', 'new-checkout', ...context),
    ]);
    expect(row).toMatchObject({
      code: 0,
      stdout: 'new-checkout\ttrue\ton\tTARGETING_MATCH\tbeta-testers\n',
      stderr: '',
    });
    expect(answer).toMatchObject({
      value: true,
      reason: 'REASON_TARGETING_MATCH',
      ruleId: 'beta-testers',
      epoch: 1,
    });
  });

  test('explains every step as a tree, and evaluates all flags', async () => {
    const [explained, all] = await Promise.all([
      run('eval', 'new-checkout', ...context, '--explain'),
      run('eval', '--all', ...context),
    ]);
    const lines = explained.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^✓ flag/);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2,}✓ segment .*beta-testers/));
    expect(lines.at(-1)).toBe('new-checkout = true (variant on): TARGETING_MATCH, rule beta-testers');
    expect(all.stdout).toMatch(/^maintenance-mode\tfalse\toff\tDISABLED\t$/m);
  });
});

describe('files', () => {
  const flags = (weight: number): string => `format: flagstream/v1
flags:
  - flag: { name: from-file, kind: FLAG_KIND_BOOLEAN, description: written by hand }
    configs:
      development:
        enabled: true
        rules:
          - { condition: { compare: { attribute: country, operator: in, values: [NL] } }, serve: { variant: on } }
        fallthrough: { split: { entries: [{ variant: on, weight: ${weight} }, { variant: off, weight: ${100_000 - weight} }] } }
`;

  test('are planned, applied as one revision, and found applied', async () => {
    const place = file('flags.yaml', flags(10_000));
    const plan = await run('plan', '-f', place);
    expect(plan).toMatchObject({
      code: 10,
      stdout: '+ flag from-file\n+ flag from-file in development: enabled, rules, fallthrough\n',
      stderr: '2 to create, 0 to update, 0 to archive\n',
    });
    expect(await run('apply', '-f', place)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Give --yes'),
    });
    const applied = await run('apply', '-f', place, '--yes');
    expect(applied).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 changes applied (revision '),
    });
    expect(await run('plan', '-f', place)).toMatchObject({ code: 0, stdout: '', stderr: 'no changes\n' });
    file('flags.yaml', flags(30_000));
    expect(await run('diff', '-f', place)).toMatchObject({
      code: 10,
      stdout:
        '~ flag from-file in development: fallthrough.split.entries[0].weight 10000 → 30000, fallthrough.split.entries[1].weight 90000 → 70000\n',
    });
    const answer = await until(
      async () => {
        const answered = await run('eval', 'from-file', '-c', '{"targetingKey":"u","country":"NL"}');
        return answered.code === 0 && answered;
      },
      { what: 'the evaluator to have the flag' },
    );
    expect(answer.stdout).toBe('from-file\ttrue\ton\tTARGETING_MATCH\trule-1\n');
  });

  test('that are wrong change nothing and are told by file, line and field', async () => {
    const before = await run('changes', '--limit', '1');
    const misspelt = await run(
      'apply',
      '--yes',
      '-f',
      file('bad.yaml', 'format: flagstream/v1\nflags:\n  - flag: { name: a, knid: x }\n'),
    );
    expect(misspelt).toMatchObject({ code: 7, stdout: '' });
    expect(misspelt.stderr).toMatch(
      /^error: .*bad\.yaml:3:22: flags\[0\]\.flag\.knid: is not a field of Flag \(did you mean kind\?\)/,
    );
    const meaningless = await run(
      'apply',
      '--yes',
      '-f',
      file('bad.yaml', flags(10_000).replace('operator: in', 'operator: inn')),
    );
    expect(meaningless).toMatchObject({
      code: 7,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: .*bad\.yaml:8:69: flag from-file in development, rules\[0\]\.condition\.compare\.operator: /,
      ),
    });
    expect((await run('changes', '--limit', '1')).stdout).toBe(before.stdout);
  });

  test('exported from one project and imported into another are the same', async () => {
    const exported = await run('export');
    expect(exported.code).toBe(0);
    const place = file('export.yaml', exported.stdout);
    expect(await run('plan', '-f', place)).toMatchObject({ code: 0, stderr: 'no changes\n' });
    const imported = await run('import', place, '-p', 'copy', '--yes');
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('+ project copy\n') });
    const copy = await run('export', '-p', 'copy');
    expect(copy.stdout).toBe(exported.stdout.replace('project: default', 'project: copy'));
    const asJson = path.join(folder, 'export.json');
    await run('export', '-o', 'json', '--file', asJson);
    expect(await run('plan', '-f', asJson)).toMatchObject({ code: 0, stderr: 'no changes\n' });
  });

  test('of a folder make a project like them, with --prune', async () => {
    const place = tempDir('flags');
    for (const name of ['one', 'two'])
      writeFileSync(
        path.join(place, `${name}.yaml`),
        `format: flagstream/v1\nproject: small\nflags: [{ flag: { name: ${name}, kind: FLAG_KIND_BOOLEAN } }]\n`,
      );
    expect(await run('apply', '-f', place, '--yes')).toMatchObject({
      code: 0,
      stdout: '+ project small\n+ flag one\n+ flag two\n',
    });
    const pruned = await run('apply', '-f', path.join(place, 'one.yaml'), '--prune', '--yes', '-o', 'json');
    expect(JSON.parse(pruned.stdout)).toMatchObject({
      outcomes: [{ name: 'projects/small/flags/two', action: 'CHANGE_ACTION_ARCHIVE' }],
    });
  });
});

describe('history', () => {
  test('is told, compared and taken back', async () => {
    await run('flag', 'create', 'past', '--enable');
    const disabled = revisionIn(await run('flag', 'disable', 'past', '-m', 'why not', '--actor', 'alice'));
    const history = await run('history', 'past');
    expect(history.stdout.split('\n')[0]).toMatch(
      new RegExp(
        `^${disabled}\t\\d{4}-.*Z\talice\tupdated flag past in development: enabled true → false\twhy not$`,
      ),
    );
    const range = `${disabled - 1}..${disabled}`;
    expect(await run('diff', '--rev', range)).toMatchObject({
      code: 10,
      stdout: '~ flag past in development: enabled true → false\n',
    });
    const reverted = await run('revert', String(disabled), '-m', 'because');
    expect(reverted).toMatchObject({ code: 0, stdout: '~ flag past in development\n' });
    expect(await run('diff', '--rev', `${disabled - 1}..`)).toMatchObject({ code: 0, stdout: '' });
    expect(await run('revert', String(disabled))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('REVERT_CONFLICT'),
    });
    expect((await run('revert', String(disabled), '--to', '--flag', 'past', '-e', 'development')).code).toBe(
      0,
    );
    const environments = await run('diff', '-e', 'development..production');
    expect(environments).toMatchObject({
      code: 10,
      stdout: expect.stringMatching(/^~ flag past: fallthrough$/m),
    });
  });
});

describe('operations', () => {
  test('health tells who serves', async () => {
    const [both, gone, unknown] = await Promise.all([
      run('health'),
      run('health', 'evaluator', '--evaluator', 'localhost:1'),
      run('health', 'evaluator', '--service', 'nope'),
    ]);
    expect(both).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^control plane\t.*\tSERVING\t\nevaluator\t.*\tSERVING\t\n$/),
    });
    expect(gone).toMatchObject({ code: 6, stdout: expect.stringContaining('UNREACHABLE') });
    expect(unknown).toMatchObject({ code: 6, stdout: expect.stringContaining('SERVICE_UNKNOWN') });
  });

  test('config prints what a role would run with, and serve refuses what it cannot use', async () => {
    const [printed, refused] = await Promise.all([
      runFlagstream(['config', 'print', '--role', 'control-plane', '--nats-url', 'nats://n:4222'], {
        env: { FLAGSTREAM_NATS_PASSWORD: 'hidden', FLAGSTREAM_LOG_LEVEL: 'debug' },
      }),
      runFlagstream(['serve', '--role', 'evaluator', '--heartbeat-ms', 'soon'], {
        env: { FLAGSTREAM_LOG_LEVEL: 'loud' },
      }),
    ]);
    expect(printed.stdout).toContain('nats.url\t"nats://n:4222"\t--nats-url\n');
    expect(printed.stdout).toContain('nats.password\t"[secret]"\tFLAGSTREAM_NATS_PASSWORD\n');
    expect(printed.stdout).not.toContain('hidden');
    expect(refused).toMatchObject({ code: 78, stdout: '' });
    expect(refused.stderr).toContain('--heartbeat-ms: must be a number, not "soon"');
    expect(refused.stderr).toContain('FLAGSTREAM_LOG_LEVEL: ');
  });
});

// `flagstream dev --flags`: a flagd file served as it is, in every way in which files are written, asked as flagd's
// clients ask.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_FOLDER } from '../conformance/suite-folder.ts';
import {
  type FlagdAnswer,
  type FlagdInstance,
  type FlagdType,
  startFlagdInstance,
} from '../support/flagd-instance.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { requiresFolder } from '../support/requires-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/** A document with one flag that says which version of it is in force. */
const document = (version: string, more: object = {}): string =>
  JSON.stringify({
    flags: {
      version: { state: 'ENABLED', variants: { it: version }, defaultVariant: 'it' },
      ...more,
    },
  });

async function untilVersion(flagd: FlagdInstance, version: string): Promise<void> {
  await until(
    async () => {
      const answer = await flagd.ask('version');
      return 'value' in answer && answer.value === version;
    },
    { what: `version ${version} of the file` },
  );
}

const linesWith = (flagd: FlagdInstance, text: string): number =>
  flagd.process.lines.filter((line) => line.stream === 'stderr' && line.text.includes(text)).length;

describe('a flagd file', () => {
  const folder = tempDir('flagd-file');
  const file = path.join(folder, 'demo.flagd.json');
  let flagd: FlagdInstance;

  beforeAll(async () => {
    writeFileSync(file, document('first'));
    flagd = await startFlagdInstance(['--flags', 'demo.flagd.json'], folder);
  });

  test('is named in the welcome, with what to ask', async () => {
    await flagd.process.waitForLine('Ctrl-C stops it; the flags stay in demo.flagd.json.');
    const stdout = flagd.process.text('stdout');
    expect(stdout).toContain(
      'flags          demo.flagd.json: 1 flag as flagd has them, changes are followed',
    );
    expect(stdout).toContain('flagd.evaluation.v1.Service/ResolveAll');
    expect(await flagd.ask('version')).toMatchObject({ value: 'first', variant: 'it', reason: 'STATIC' });
  });

  test('written in place is read again', async () => {
    writeFileSync(file, document('in place'));
    await untilVersion(flagd, 'in place');
  });

  test('that another is renamed over is read again', async () => {
    writeFileSync(`${file}.new`, document('renamed'));
    renameSync(`${file}.new`, file);
    await untilVersion(flagd, 'renamed');
  });

  test('truncated and rewritten is read again, and nothing is said of the moment between', async () => {
    truncateSync(file, 0);
    writeFileSync(file, document('rewritten'));
    await untilVersion(flagd, 'rewritten');
    expect(linesWith(flagd, 'stay in force')).toBe(0);
  });

  test('that is broken keeps the last good flags and says so once, with the place', async () => {
    writeFileSync(file, '{\n  "flags": {\n');
    await flagd.process.waitForLine(
      /^demo\.flagd\.json:3:1: is not JSON .*the last good flags stay in force$/,
    );
    expect(await flagd.ask('version')).toMatchObject({ value: 'rewritten' });
    // What flagd would reject as a whole is as broken.
    writeFileSync(
      file,
      document('rejected', { other: { state: 'ENABLED', variants: { a: 1 }, defaultVariant: 'b' } }),
    );
    await flagd.process.waitForLine(/other.*"b" is not a variant .*stay in force/);
    expect(await flagd.ask('version')).toMatchObject({ value: 'rewritten' });
    writeFileSync(file, document('mended'));
    await untilVersion(flagd, 'mended');
    expect(linesWith(flagd, 'stay in force')).toBe(2);
  });

  test('that is back to what it was is in force, and says so', async () => {
    writeFileSync(file, 'flags: [');
    await flagd.process.waitForLine(/1:1: is not JSON .*stay in force/);
    const before = linesWith(flagd, 'read again');
    writeFileSync(file, document('mended'));
    await until(() => linesWith(flagd, 'nothing changed') === 1, { what: 'the word that all is well' });
    expect(linesWith(flagd, 'read again')).toBe(before + 1);
  });

  test('deleted and made anew is read again; while it is gone its flags stay', async () => {
    rmSync(file);
    await flagd.process.waitForLine(/^demo\.flagd\.json: cannot be read: ENOENT.*stay in force$/);
    expect(await flagd.ask('version')).toMatchObject({ value: 'mended' });
    writeFileSync(file, document('anew'));
    await untilVersion(flagd, 'anew');
  });

  test('takes flags away, brings them back, and gives them another type', async () => {
    const other = (value: unknown): object => ({
      other: { state: 'ENABLED', variants: { it: value }, defaultVariant: 'it' },
    });
    writeFileSync(file, document('with', other('text')));
    await untilVersion(flagd, 'with');
    expect(await flagd.ask('other')).toMatchObject({ value: 'text' });
    writeFileSync(file, document('without'));
    await untilVersion(flagd, 'without');
    expect(await flagd.ask('other')).toEqual({ status: 'NOT_FOUND' });
    writeFileSync(file, document('back', other(true)));
    await untilVersion(flagd, 'back');
    expect(await flagd.ask('other', { type: 'boolean' })).toMatchObject({ value: true, reason: 'STATIC' });
    writeFileSync(file, document('changed', other(1.5)));
    await untilVersion(flagd, 'changed');
    expect(await flagd.ask('other', { type: 'number' })).toMatchObject({ value: 1.5 });
    expect(await flagd.ask('other')).toEqual({ status: 'INVALID_ARGUMENT' });
  });

  test('overrules what a command has changed, once it changes', async () => {
    const off = await runCommand(['flag', 'disable', 'version', '--server', flagd.server]);
    expect(off).toMatchObject({ code: 0 });
    await until(
      async () => 'reason' in (await flagd.ask('version')) && !('value' in (await flagd.ask('version'))),
      {
        what: 'the flag to be off',
      },
    );
    writeFileSync(file, document('overruled'));
    await untilVersion(flagd, 'overruled');
  });

  test('has flags with any key; what cannot be served is left out by name and place', async () => {
    const flag = { state: 'ENABLED', variants: { it: 'yes' }, defaultVariant: 'it' };
    const keys = ['newWelcomeBanner', 'with space/and slash', 'größe', '日本', '__proto__'];
    const long = 'x'.repeat(129);
    const flags = Object.fromEntries([...keys, '\u{1f600}', long].map((key) => [key, flag]));
    writeFileSync(file, document('keys', flags));
    await untilVersion(flagd, 'keys');
    for (const key of keys) expect(await flagd.ask(key), key).toMatchObject({ value: 'yes' });
    await flagd.process.waitForLine(
      /^demo\.flagd\.json:1:\d+: flag "\u{1f600}" is left out: .*rename the flag/u,
    );
    await flagd.process.waitForLine(/"x{129}" is left out: .*129 characters, at most 128/);
    // Commands go by names: one that is letters, digits, ".", "_" and "-" they know.
    const shown = await runCommand(['flag', 'get', 'newWelcomeBanner', '--server', flagd.server]);
    expect(shown).toMatchObject({ code: 0 });
  });

  test('has flags that flagd takes with a word in its log: the word is said, once', async () => {
    const variants = { it: 'yes' };
    const flags = {
      careless: { state: 'enabled', variants, defaultVariant: 'it' },
      mixed: { state: 'ENABLED', variants: { ...variants, other: 1 }, defaultVariant: 'it' },
    };
    writeFileSync(file, document('careless', flags));
    await untilVersion(flagd, 'careless');
    expect(await flagd.ask('careless')).toMatchObject({ value: 'yes' });
    await flagd.process.waitForLine(
      /^demo\.flagd\.json:1:\d+: note: flags\.careless\.state is neither ENABLED nor DISABLED/,
    );
    await flagd.process.waitForLine(/note: flags\.mixed\.variants are of different types/);
    writeFileSync(file, document('careless again', { ...flags, later: flags.careless }));
    await flagd.process.waitForLine(/note: flags\.later\.state/);
    const said = flagd.process
      .text('stderr')
      .split('\n')
      .filter((line) => line.includes('flags.careless.state'));
    expect(said).toHaveLength(1);
  });

  test('has members that flagd does not read: a mistyped one is named, once', async () => {
    const mistyped = { ...JSON.parse(document('mistyped')), $evaluator: {} } as object;
    writeFileSync(file, JSON.stringify(mistyped));
    await untilVersion(flagd, 'mistyped');
    await flagd.process.waitForLine(
      /^demo\.flagd\.json:1:\d+: note: \$evaluator is nothing that flagd reads/,
    );
    writeFileSync(file, JSON.stringify({ ...mistyped, metadata: { version: 'next' } }));
    const before = linesWith(flagd, 'read again');
    await until(() => linesWith(flagd, 'read again') > before, { what: 'the file to be read again' });
    expect(linesWith(flagd, '$evaluator is nothing')).toBe(1);
    writeFileSync(file, `\ufeff${document('marked')}`);
    await flagd.process.waitForLine(/:1:1: begins with a byte order mark.*stay in force$/);
  });

  test('is followed where Kubernetes swaps the folder behind a symlink', async () => {
    const mount = tempDir('flagd-mount');
    const publish = (version: string): void => {
      mkdirSync(path.join(mount, `..${version}`));
      writeFileSync(path.join(mount, `..${version}`, 'flags.json'), document(version));
      symlinkSync(`..${version}`, path.join(mount, '..data_tmp'));
      renameSync(path.join(mount, '..data_tmp'), path.join(mount, '..data'));
    };
    publish('1');
    symlinkSync('..data/flags.json', path.join(mount, 'flags.json'));
    const mounted = await startFlagdInstance(['--flags', path.join(mount, 'flags.json')]);
    await untilVersion(mounted, '1');
    publish('2');
    await untilVersion(mounted, '2');
    rmSync(path.join(mount, '..1'), { recursive: true });
    publish('3');
    await untilVersion(mounted, '3');
  });

  test('stops without leaving anything but the file', async () => {
    expect(await flagd.process.stop()).toEqual({ code: 0, signal: null });
    expect(flagd.process.text('stderr')).toContain('stopped; the flags stay in demo.flagd.json');
  });
});

describe('several files', () => {
  test('are one set, YAML as well; flag sets and sources select as in flagd', async () => {
    const folder = tempDir('flagd-files');
    const flag = (value: string): object => ({
      state: 'ENABLED',
      variants: { it: value },
      defaultVariant: 'it',
    });
    writeFileSync(
      path.join(folder, 'a.json'),
      JSON.stringify({ metadata: { flagSetId: 'shop' }, flags: { one: flag('a'), both: flag('a') } }),
    );
    const yaml = (value: string): string =>
      `flags:\n  both: ${JSON.stringify(flag(value))}\n  two:\n    state: DISABLED\n    variants: { it: b }\n    defaultVariant: it\n`;
    writeFileSync(path.join(folder, 'b.yaml'), yaml('b'));
    const flagd = await startFlagdInstance(['--flags', 'a.json', '--flags', 'b.yaml'], folder);
    const answerTo = async (key: string, selector?: string): Promise<unknown> => {
      const answer = await flagd.ask(key, selector === undefined ? {} : { selector });
      return 'status' in answer ? answer.status : (answer.value ?? answer.reason);
    };
    expect([await answerTo('one'), await answerTo('both'), await answerTo('two')]).toEqual([
      'a',
      'b',
      'DISABLED',
    ]);
    expect(await flagd.ask('one')).toMatchObject({ metadata: { flagSetId: 'shop' } });
    expect([
      await answerTo('one', 'flagSetId=shop'),
      await answerTo('one', 'a.json'),
      await answerTo('one', 'source=a.json'),
      await answerTo('both', 'source=b.yaml'),
      await answerTo('both', 'flagSetId='),
      await answerTo('both', 'a.json'),
      await answerTo('both', 'flagSetId=shop'),
    ]).toEqual(['a', 'a', 'a', 'b', 'b', 'a', 'a']);
    expect([
      await answerTo('one', 'flagSetId=other'),
      await answerTo('one', 'source=b.yaml'),
      await answerTo('two', 'a.json'),
      await answerTo('one', 'flagSetId='),
      await answerTo('one', 'colour=red'),
    ]).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'INVALID_ARGUMENT']);
    // A change of one leaves what the other says.
    writeFileSync(path.join(folder, 'b.yaml'), yaml('changed'));
    await until(async () => (await answerTo('both')) === 'changed', {
      what: 'the change of the second file',
    });
    expect(await answerTo('one')).toBe('a');
  });

  test('that cannot be used end the command before it has started', async () => {
    const folder = tempDir('flagd-bad');
    const broken = path.join(folder, 'broken.json');
    writeFileSync(broken, '{"flags":{"a":{"state":"ENABLED","variants":{},"defaultVariant":"x"}}}');
    const missing = await runCommand(['dev', '--flags', path.join(folder, 'none.json')]);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/none\.json cannot be read: ENOENT/);
    const rejected = await runCommand(['dev', '--flags', broken]);
    expect(rejected).toMatchObject({ code: 7, stdout: '' });
    expect(rejected.stderr).toMatch(/broken\.json:1:\d+: flags\.a\.defaultVariant: /);
    for (const stray of [
      ['--seed', 'demo'],
      ['--nats', 'nats://localhost:1'],
    ])
      expect(await runCommand(['dev', '--flags', broken, ...stray])).toMatchObject({ code: 2 });
    expect(await runCommand(['dev', '--fractional', 'v1'])).toMatchObject({ code: 2 });
  });

  test('keep their flags in a folder that is named, and take none of another kind away', async () => {
    const folder = tempDir('flagd-data');
    const data = path.join(folder, 'data');
    writeFileSync(path.join(folder, 'a.json'), document('kept'));
    const first = await startFlagdInstance(['--flags', 'a.json', '--data', data], folder);
    await untilVersion(first, 'kept');
    await first.process.stop();
    expect(existsSync(data)).toBe(true);
    const own = await startFlagdInstance(['--data', data], folder);
    const created = await runCommand(['flag', 'create', 'ours', '--server', own.server]);
    expect(created).toMatchObject({ code: 0 });
    await own.process.stop();
    const refused = await runFlagstream(
      ['dev', '--flags', 'a.json', '--data', data, '--port-base', String(own.portBase)],
      {
        cwd: folder,
      },
    );
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('1 flag that came from no flagd file, such as ours');
  });
});

interface OutcomeCase {
  readonly id: string;
  readonly flagKey: string;
  readonly flag: { readonly targeting?: unknown };
  readonly evaluators?: object;
  readonly context: { readonly targetingKey?: unknown };
  readonly type: FlagdType;
  readonly go: {
    readonly value?: unknown;
    readonly variant?: string;
    readonly reason?: string;
    readonly errorCode?: string;
    readonly configurationRejected?: boolean;
  };
}

const STATUS_OF: Readonly<Record<string, string>> = {
  PARSE_ERROR: 'DATA_LOSS',
  TYPE_MISMATCH: 'INVALID_ARGUMENT',
  GENERAL: 'UNKNOWN',
};

function expectedOf({ go }: OutcomeCase): FlagdAnswer {
  if (go.errorCode !== undefined) return { status: STATUS_OF[go.errorCode] ?? go.errorCode };
  const { value, variant, reason = '' } = go;
  return { ...(value !== undefined && { value }), ...(variant !== undefined && { variant }), reason };
}

function withoutMetadata(answer: FlagdAnswer): FlagdAnswer {
  return Object.fromEntries(
    Object.entries(answer).filter(([name]) => name !== 'metadata'),
  ) as unknown as FlagdAnswer;
}

requiresFolder(path.join(DEFAULT_FOLDER, 'flagd')).test(
  "answers equal flagd's, through its contract",
  async () => {
    const { cases } = JSON.parse(
      readFileSync(path.join(DEFAULT_FOLDER, 'flagd/evaluation-outcomes.json'), 'utf8'),
    ) as { readonly cases: readonly OutcomeCase[] };
    const file = path.join(tempDir('flagd-outcomes'), 'flags.json');
    const write = (flags: object, evaluators: object, version: string): void =>
      writeFileSync(
        file,
        JSON.stringify({ ...JSON.parse(document(version, flags)), $evaluators: evaluators }),
      );
    write({}, {}, 'start');
    const flagd = await startFlagdInstance(['--flags', file]);
    const askAll = async (
      asked: readonly OutcomeCase[],
      keyOf: (one: OutcomeCase) => string,
    ): Promise<void> => {
      for (const one of asked) {
        const { context, type } = one;
        const answer = await flagd.ask(keyOf(one), { type, context });
        expect(withoutMetadata(answer), one.id).toEqual(expectedOf(one));
      }
    };
    const taken = cases.filter(({ go }) => go.configurationRejected !== true);
    // Where the flag's key decides, it must be the case's own: one file for each flag. The others stand in one file.
    const byKey = taken.filter(
      ({ flag, evaluators }) =>
        evaluators !== undefined || /"fractional"|\$flagd/.test(JSON.stringify(flag.targeting ?? null)),
    );
    const others = taken.filter((one) => !byKey.includes(one));
    write(Object.fromEntries(others.map(({ id, flag }) => [id, flag])), {}, 'others');
    await untilVersion(flagd, 'others');
    await askAll(others, ({ id }) => id);
    const documents = new Map<string, OutcomeCase[]>();
    for (const one of byKey) {
      const text = JSON.stringify([one.flag, one.evaluators]);
      documents.set(text, [...(documents.get(text) ?? []), one]);
    }
    let n = 0;
    for (const same of documents.values()) {
      const [{ flagKey, flag, evaluators } = same[0]!] = same;
      write({ [flagKey]: flag }, evaluators ?? {}, String(++n));
      await untilVersion(flagd, String(n));
      await askAll(same, (one) => one.flagKey);
    }
    expect(others.length).toBeGreaterThan(100);
    expect(n).toBeGreaterThan(10);
  },
);

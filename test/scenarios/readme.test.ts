// Every command of the README, in its order, against what `make run` starts; blocks that need more than that
// name it, and `ELSEWHERE` says who runs them.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { withPrograms } from '../../scripts/interop/readme.mjs';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { startFlagdInstance, startFlagdServer } from '../support/flagd-instance.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { TestProcess } from '../support/process.ts';
import { type CommandBlock, ELSEWHERE, readCommandBlocks } from '../support/readme-commands.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const blocks = readCommandBlocks(path.join(ROOT, 'README.md'));
const BINARIES = `${path.join(ROOT, 'node_modules/.bin')}${path.delimiter}${process.env['PATH']}`;
const withNeed = (need: string): readonly CommandBlock[] => blocks.filter((block) => block.need === need);
/** Blocks with a test of their own below, or elsewhere in the suite. */
const OWN_TEST = ['', 'services', 'flagd', 'pack'];
/** `diff` and `plan` end with 10 when something differs. */
const CODES_OF_CHANGES = /^npx flagstream (diff|plan) /;
const CHANGES = 10;

test('every block says what it needs, and somebody runs it', () => {
  const known = new Set([...OWN_TEST, ...Object.keys(ELSEWHERE)]);
  expect(blocks.filter(({ need }) => !known.has(need))).toEqual([]);
  for (const need of ['', 'services', 'flagd', 'pack', 'toolchain', 'fresh'])
    expect(withNeed(need)).not.toEqual([]);
  // test/scenarios/packed.test.ts makes the package, and make fresh runs these two.
  expect(withNeed('pack').flatMap(({ commands }) => commands)).toEqual(['make pack']);
  expect(withNeed('fresh').flatMap(({ commands }) => commands)).toEqual(['make run', 'make test']);
});

test('the flags file that it shows is one, and every flag of it is in force', async () => {
  const [, text] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8')) ?? [];
  const file = path.join(tempDir('readme-flags'), 'flags.yaml');
  writeFileSync(file, text ?? '');
  const context = '{"targetingKey":"user-3","country":"NL"}';
  const asked = await runCommand(['eval', '--all', '--file', file, '-c', context]);
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(asked.stdout).toMatch(/^new-search\t.*\tfirst-countries\nsearch-ranking\t/);
});

test('the programs in other languages are those that make interop runs', () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  expect(withPrograms(readme)).toBe(readme);
});

test('each of the programs has commands to run it by hand', () => {
  const commands = withNeed('toolchain').flatMap((block) => block.commands);
  for (const [language, run] of [
    ['own-go', /&& go run \. localhost:8013\)$/],
    ['own-python', /main\.py localhost:8013$/],
    ['own-java', /^java -cp .* Main localhost:8013$/],
    ['own-rust', /^cargo run .* -- localhost:8013$/],
  ] as const) {
    expect(commands.some((command) => command.includes(`test/interop/${language}`))).toBe(true);
    expect(commands.filter((command) => run.test(command))).toHaveLength(1);
  }
});

/** Of the promise table; X2 says what is not promised. */
const PROMISES = 'W1 W2 W3 W4 W5 R1 E1 E2 E3 E4 C1 C2 C3 X1 X2'.split(' ');
const NOT_PROMISED = 'X2';

test('every promise names a test that exists', () => {
  const [, table] =
    /^\|[^\n]*\| Held by \|\n\|[-| ]+\|\n(.*?)\n\n/ms.exec(
      readFileSync(path.join(ROOT, 'README.md'), 'utf8'),
    ) ?? [];
  const rows = (table ?? '').split('\n').map((row) => row.split(' | '));
  expect(rows.map(([first]) => first?.replace('| ', ''))).toEqual(PROMISES);
  for (const [first, , , heldBy] of rows) {
    const named = [...(heldBy ?? '').matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)];
    if (first !== `| ${NOT_PROMISED}`) expect(named, first).not.toEqual([]);
    for (const [link, name, file] of named)
      expect(readFileSync(path.join(ROOT, file ?? ''), 'utf8').includes(name ?? ''), link).toBe(true);
  }
});

describe('the tour', () => {
  let dev: DevInstance;
  let folder: string;
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
    folder = tempDir('readme');
  });

  test.each(withNeed('').flatMap(({ commands }) => commands))('%s', async (command) => {
    const { code, output } = await shell(here(command, dev, folder), dev.env);
    expect(CODES_OF_CHANGES.test(command) ? [0, CHANGES] : [0], output).toContain(code);
  });
});

test("the section on flagd's files serves the one that it names, in flagd's place and by dev", async () => {
  const [serve, dev] = withNeed('flagd').flatMap(({ commands }) => commands);
  const wordsAfter = (command: string | undefined, name: string): string[] =>
    String(command).replace(`npx flagstream ${name} `, '').split(' ');
  const served = await startFlagdServer(wordsAfter(serve, 'serve'), { cwd: ROOT });
  const developers = await startFlagdInstance(wordsAfter(dev, 'dev'), ROOT);
  const context = { targetingKey: 'ada', email: 'ada@shop.example' };
  for (const { ask, process: started } of [served, developers]) {
    expect(await ask('showBanner', { type: 'boolean', context })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
      metadata: { flagSetId: 'shop' },
    });
    expect(await started.stop()).toEqual({ code: 0, signal: null });
  }
});

requiresNats().test('the two roles of the section on NATS start and serve', async () => {
  const nats = await startNatsServer();
  const [controlPlane, evaluator] = withNeed('services').flatMap(({ commands }) => commands);
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const start = (command: string | undefined, grpc: number, management: number): TestProcess =>
    new TestProcess(
      String(command),
      'bash',
      [
        '-c',
        `exec ${String(command)
          .replace('npx ', '')
          .replace('nats://localhost:4222', nats.url)
          .replace('localhost:8010', `localhost:${ports[0]}`)
          .replace('data/evaluator', tempDir('readme-cache'))
          .replace(
            '--data data',
            `--data ${tempDir('readme-data')}`,
          )} --nats-prefix ${nats.prefix} --grpc-port ${grpc} --management-port ${management}`,
      ],
      { cwd: ROOT, env: { PATH: BINARIES } },
    );
  const first = start(controlPlane, ports[0], ports[1]);
  await first.waitForReady(ports[1]);
  const second = start(evaluator, ports[2], ports[3]);
  await second.waitForReady(ports[3]);
  expect([await second.stop(), await first.stop()]).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
});

async function shell(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  const started = new TestProcess(command, 'bash', ['-c', command], {
    cwd: ROOT,
    env: { ...env, PATH: BINARIES },
  });
  const { code } = await started.exited;
  return { code: code ?? -1, output: started.text('stdout') + started.text('stderr') };
}

/** The command with this instance's ports and a folder of its own for the files it writes. */
function here(command: string, dev: DevInstance, folder: string): string {
  return command
    .replaceAll('localhost:8010', `localhost:${dev.adminPort}`)
    .replaceAll('localhost:8011', `localhost:${dev.portBase + 1}`)
    .replaceAll('localhost:8013', `localhost:${dev.evaluatorPort}`)
    .replaceAll('localhost:8014', `localhost:${dev.portBase + 4}`)
    .replaceAll('localhost:8016', `localhost:${dev.portBase + 6}`)
    .replaceAll('flags.yaml', path.join(folder, 'flags.yaml'))
    .replaceAll('flags-backup.db', path.join(folder, 'flags-backup.db'))
    .replaceAll('--data data', `--data ${dev.dataDir}`)
    .replaceAll('npx ', '');
}

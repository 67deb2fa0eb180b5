// The project's own tools over the whole tree: formatter and linter, type checker of the tests, proto
// contract, generated code, dead code. Each as a child process, as `make lint` runs them.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { type ProcessOptions, TestProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ROOT, trackedFiles } from './tracked-files.ts';

const GENERATED = 'packages/protocol/src/gen/';
const PASSED = { code: 0, output: '' };

interface Outcome {
  readonly code: number | null;
  /** The beginning of what it printed; empty when the program passed: then its chatter says nothing. */
  readonly output: string;
}

const OUTPUT_LINES_MAX = 60;

// Each of these reads the whole tree: half a minute on two idle cores, minutes on busy ones.
vi.setConfig({ testTimeout: 300_000 });

async function runScript(script: string, ...rest: string[]): Promise<Outcome> {
  const options: ProcessOptions = { cwd: ROOT };
  const child = new TestProcess(script, process.execPath, [path.join(ROOT, script), ...rest], options);
  const { code } = await child.exited;
  if (code === 0) return PASSED;
  const printed = child.lines.map((line) => line.text);
  return { code, output: printed.slice(0, OUTPUT_LINES_MAX).join('\n') };
}

const buf = (...rest: string[]): Promise<Outcome> => runScript('node_modules/@bufbuild/buf/bin/buf', ...rest);

test('biome finds nothing to format or to mend', async () => {
  expect(
    await runScript('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  ).toEqual(PASSED);
});

test('the tests and configuration files pass the type checker', async () => {
  expect(await runScript('node_modules/typescript/bin/tsc', '-p', 'test')).toEqual(PASSED);
});

test('knip finds no dead code and no unused dependency', async () => {
  expect(await runScript('node_modules/knip/bin/knip.js')).toEqual(PASSED);
});

test('the proto contract passes buf lint', async () => {
  expect(await buf('lint')).toEqual(PASSED);
});

test('the proto contract breaks nothing that was released', async () => {
  expect(await buf('breaking', '--against', 'proto/released.binpb')).toEqual(PASSED);
});

test('the generated code is what the proto contract generates', async () => {
  const fresh = tempDir('generated');
  expect(await runScript('scripts/generate.mjs', fresh)).toEqual(PASSED);
  const committed = trackedFiles().filter((file) => file.startsWith(GENERATED));
  const generated = readdirSync(fresh, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(committed).toEqual(generated.map((file) => GENERATED + file).sort());
  const read = (...parts: string[]): string => readFileSync(path.join(...parts), 'utf8');
  expect(generated.filter((file) => read(fresh, file) !== read(ROOT, GENERATED, file))).toEqual([]);
});

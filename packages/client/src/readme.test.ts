// The README's examples compile against the package as it is; those that need no server run as well.

import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A compiler, or a process of its own, beside other tests on a busy machine. */
const PROCESS_MS = 60_000;

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match, index) => ({
  file: `example-${index}.ts`,
  text: match[1]!,
}));
const alone = examples.filter(({ text }) => text.includes("'@flagstream/client/testing'"));
const dir = tempDir('readme');

beforeAll(() => {
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'));
  writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const { file, text } of examples) writeFileSync(path.join(dir, file), text);
});

test('has examples of both kinds', () => {
  expect([examples.length, alone.length]).toEqual([8, 3]);
});

test(
  'every example compiles',
  () => {
    const config = {
      extends: path.join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        composite: false,
        declaration: false,
        isolatedDeclarations: false,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        declarationMap: false,
        typeRoots: [path.join(ROOT, 'node_modules', '@types')],
      },
      include: ['*.ts'],
    };
    writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify(config));
    const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', dir], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  },
  PROCESS_MS,
);

test.each(alone)(
  'what $file claims is so',
  ({ file }) => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const words = ['--conditions=source', '--import', tsx, file];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: dir, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  },
  PROCESS_MS,
);

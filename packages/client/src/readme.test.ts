// The README's examples compile against the package as it is.

import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A compiler beside other tests on a busy machine. */
const COMPILE_MS = 60_000;

test(
  'every example compiles',
  () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);
    expect(examples).toHaveLength(5);
    const dir = tempDir('readme');
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'));
    writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
    for (const [index, example] of examples.entries())
      writeFileSync(path.join(dir, `example-${index}.ts`), example);
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
  COMPILE_MS,
);

// The engine with all its mutants inside, each behind a switch, and its tests: one script that can be loaded
// again and again in one process.
//
// Stryker's instrumenter makes the mutants. Tests and modules keep their import graph; only "vitest" is replaced
// (engine-tests.mjs), and packages outside of the engine are asked for by `require`.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { build } from 'esbuild';
import { wordsIgnorer } from './words-ignorer.mjs';

const SOURCES = 'packages/engine/src';
/** Beside the tests of the modules: the vectors of the specification. */
const VECTORS = 'test/conformance/vectors.test.ts';
/** Long runs over random definitions: a mutant is to be killed by the test of the part that it breaks. */
const LAWS = /\/laws\/|-laws\.test\.ts$/;
/** Something in a list that was empty is no part of the engine that was broken. */
const FILLED_LIST = '["Stryker was here"]';
const SILENT = { debug: () => undefined, info: () => undefined, isDebugEnabled: () => false };

/** Files below the root, sorted: {modules, tests}. */
export function engineFiles(root) {
  const all = readdirSync(path.join(root, SOURCES), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${SOURCES}/${name}`)
    .sort();
  return {
    modules: all.filter((file) => !/\.(test|bench|fixture)\.ts$/.test(file)),
    tests: [...all.filter((file) => file.endsWith('.test.ts') && !LAWS.test(file)), VECTORS],
  };
}

/**
 * Breaks the modules everywhere.
 * @returns {mutants, script}: mutants as { id, key, file, line, column, mutator, code, replacement }, where a key
 *   is the mutant's own as long as its file stays as it is; the script is an expression whose value is a function
 *   (require) => { [test file]: () => void }, which loads a test file.
 */
export async function breakEngine(root, { modules, tests }) {
  const contents = new Map(modules.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
  const files = modules.map((name) => ({ name, mutate: true, content: contents.get(name) }));
  const options = { plugins: [], ignorers: [wordsIgnorer], excludedMutations: [] };
  const broken = await new Instrumenter(SILENT).instrument(files, options);
  const instrumented = new Map(broken.files.map(({ name, content }) => [path.join(root, name), content]));
  return {
    mutants: broken.mutants
      .filter(({ status, replacement }) => status !== 'Ignored' && replacement !== FILLED_LIST)
      .map((mutant) => described(mutant, contents.get(mutant.fileName))),
    script: await bundle(root, tests, instrumented),
  };
}

/** Stryker counts lines and columns from 0. */
function described({ id, fileName, location, mutatorName, replacement }, source) {
  const { start, end } = location;
  const lines = source.split('\n').slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column);
  lines[0] = lines[0].slice(start.column);
  const change = `${start.line}:${start.column} ${end.line}:${end.column} ${mutatorName} ${replacement}`;
  return {
    id,
    key: `${fileName} ${digestOf(source)} ${digestOf(change)}`,
    file: fileName,
    line: start.line + 1,
    column: start.column + 1,
    mutator: mutatorName,
    code: lines.join('\n'),
    replacement,
  };
}

function digestOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

async function bundle(root, tests, instrumented) {
  const loaders = tests.map(
    (file) => `${JSON.stringify(file)}: () => require(${JSON.stringify(`./${file}`)})`,
  );
  const { outputFiles } = await build({
    stdin: { contents: `module.exports = { ${loaders.join(',\n')} };`, resolveDir: root },
    bundle: true,
    write: false,
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        name: 'mutants',
        setup(hooks) {
          hooks.onResolve({ filter: /^[^./]/ }, ({ path: name }) => {
            if (name === 'vitest') return { path: name, namespace: 'tests' };
            if (name === '@flagstream/engine') return { path: path.join(root, SOURCES, 'index.ts') };
            return { path: name, external: true };
          });
          hooks.onLoad({ filter: /.*/, namespace: 'tests' }, () => ({
            contents: 'module.exports = globalThis.engineTests;',
          }));
          hooks.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
            const text = instrumented.get(file) ?? readFileSync(file, 'utf8');
            const folder = JSON.stringify(path.dirname(file));
            return { contents: text.replaceAll('import.meta.dirname', folder), loader: 'ts' };
          });
        },
      },
    ],
  });
  return `(function (require) { const module = { exports: {} }; const { exports } = module;\n${outputFiles[0].text}\nreturn module.exports; })`;
}

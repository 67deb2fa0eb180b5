// Bundles of the SDK alone, for its own tarball: ES modules and the same in CommonJS. grpc-js and the OpenFeature SDK
// stay the application's; what decides answers (regular expressions, version precedence) and the wire format goes in,
// at the versions that the server has: a flag must not mean something else because npm chose another one.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, transform } from 'esbuild';
import { Barrels, groupBy, memberList, STATEMENT } from './barrels.mjs';
import { PEERS } from './bundle.mjs';

const ROOT = path.dirname(import.meta.dirname);
const OURS = '@flagstream/';
const TARGET = 'node20.19';

export const TRANSPORT = '@grpc/grpc-js';

/** Subpaths of the package, by the name of their file. */
export const ENTRIES = { index: '.', openfeature: './openfeature', testing: './testing' };

/** What may be loaded beside Node's own modules, by entry: a test's flags need no transport. */
const EXTERNAL = { index: [TRANSPORT], openfeature: [TRANSPORT, PEERS[0]], testing: [] };

/**
 * @param outdir gets the folders esm and cjs
 * @returns the source files that went in, relative to the root
 * @throws Error when an entry would load a package that it must not
 */
export async function bundleClient(outdir) {
  const { exports } = readManifest('client');
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, subpath]) => [
        name,
        path.join('packages/client', exports[subpath].source),
      ]),
    ),
    outdir: path.join(outdir, 'esm'),
    bundle: true,
    // One copy of each class, whichever subpaths are loaded.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: TARGET,
    conditions: ['source'],
    external: [TRANSPORT, ...PEERS],
    // Whole licence texts stand in THIRD_PARTY_NOTICES.
    legalComments: 'none',
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [pastIndexes()],
    metafile: true,
    logLevel: 'warning',
  });
  checkExternal(metafile, path.relative(ROOT, path.join(outdir, 'esm')));
  await toCommonJs(path.join(outdir, 'esm'), path.join(outdir, 'cjs'));
  const used = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  return [...new Set(used)].sort();
}

/**
 * Our packages' imports of each other, led past the index to the file that declares the name. A bundle shared by several
 * entries would otherwise hold, and load, whatever an index can reach.
 */
function pastIndexes() {
  const barrels = new Barrels();
  const lead = (file, { statement, keyword, type = '', names, specifier }) => {
    if (type !== '' || !specifier.startsWith(OURS) || !names.startsWith('{')) return statement;
    const index = sourceOf(specifier);
    const values = memberList(names).filter(({ text }) => !text.startsWith('type '));
    return [...groupBy(values, ({ name }) => barrels.declaring(index, name))]
      .map(([declaring, members]) => {
        const list = members.map(({ text }) => text).join(', ');
        return `${keyword} { ${list} } from '${relativeTo(file, declaring)}';`;
      })
      .join(' ');
  };
  return {
    name: 'past-indexes',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]packages[\\/][a-z]+[\\/]src[\\/].*\.ts$/ }, ({ path: file }) => ({
        contents: readFileSync(file, 'utf8').replace(
          STATEMENT,
          (statement, keyword, type, names, specifier) =>
            lead(file, { statement, keyword, type, names, specifier }),
        ),
        loader: 'ts',
      }));
    },
  };
}

function relativeTo(file, declaring) {
  const relative = path.relative(path.dirname(file), declaring).split(path.sep).join('/');
  return relative.startsWith('.') ? relative : `./${relative}`;
}

/** The source file behind a package or subpath of ours. */
function sourceOf(specifier) {
  const [name, ...rest] = specifier.slice(OURS.length).split('/');
  const { exports } = readManifest(name);
  const subpath = ['.', ...rest].join('/');
  const pattern = Object.keys(exports).find(
    (key) => key === subpath || (key.endsWith('*') && subpath.startsWith(key.slice(0, -1))),
  );
  if (pattern === undefined) throw new Error(`${specifier} is not exported`);
  const source = exports[pattern].source.replace('*', subpath.slice(pattern.length - 1));
  return path.join(ROOT, 'packages', name, source);
}

function readManifest(name) {
  return JSON.parse(readFileSync(path.join(ROOT, 'packages', name, 'package.json'), 'utf8'));
}

function checkExternal({ outputs }, folder) {
  for (const [entry, allowed] of Object.entries(EXTERNAL)) {
    const strays = loadedBy(outputs, path.join(folder, `${entry}.js`)).filter(
      (name) => !name.startsWith('node:') && !allowed.includes(name),
    );
    if (strays.length > 0) throw new Error(`${entry} of the SDK loads ${strays.join(', ')}`);
  }
}

/** Packages and modules of Node that loading a bundle loads. */
function loadedBy(outputs, entry) {
  const files = new Set([entry]);
  const outside = new Set();
  // A set hands out what is added while it is gone through.
  for (const file of files)
    for (const imported of outputs[file].imports)
      if (imported.external) outside.add(imported.path);
      else files.add(imported.path);
  return [...outside];
}

/** File by file, so that CommonJS has one copy of each class as well. */
async function toCommonJs(from, to) {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  for (const name of files.sort()) {
    const { code } = await transform(readFileSync(path.join(from, name), 'utf8'), {
      format: 'cjs',
      platform: 'node',
      target: TARGET,
      sourcefile: name,
    });
    mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
    writeFileSync(path.join(to, name), code);
  }
  writeFileSync(path.join(to, 'package.json'), '{ "type": "commonjs" }\n');
}

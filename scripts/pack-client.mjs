// Makes the SDK's own tarball: bundles as ES modules and CommonJS, declarations for both, no workspace package in it.
//
// `node scripts/pack-client.mjs [FOLDER]` writes FOLDER/flagstream-client-<version>.tgz (default build/) from
// FOLDER/client-package, and prints the tarball's path on stdout.
//
// `npm pack` in packages/client gives the same: its prepack puts what the tarball holds there (`--into .`), with the
// tarball's manifest in place of the workspace's, and its postpack takes all of it away again (`--restore .`).

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PEERS } from './bundle.mjs';
import { bundleClient, ENTRIES, TRANSPORT } from './bundle-client.mjs';
import { copyDeclarations } from './pack-declarations.mjs';
import { thirdPartyNotices } from './pack-notices.mjs';

const ROOT = path.dirname(import.meta.dirname);
const SDK = path.join(ROOT, 'packages', 'client');
/** The formats' folders in the package. */
const FORMATS = { import: 'esm', require: 'cjs' };
/** Beside README.md, what the package has that the workspace's folder has not. */
const ADDED = [...Object.values(FORMATS), 'LICENSE', 'THIRD_PARTY_NOTICES'];
/** The workspace's manifest while the tarball's stands in its place. */
const KEPT_MANIFEST = '.package.workspace.json';

const readManifest = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** Writes everything that the tarball holds, except README.md, into the folder. */
async function writePackage(folder, manifest) {
  for (const name of ADDED) rmSync(path.join(folder, name), { recursive: true, force: true });
  const bundled = await bundleClient(folder);
  // Declarations come from the compiler; it has nothing to do when they are current.
  execFileSync(
    process.execPath,
    [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'packages/client'],
    { cwd: ROOT, stdio: ['ignore', 2, 2] },
  );
  // Each format has its own, because a declaration file is of the format that its folder is.
  const types = Object.values(FORMATS).map((format) =>
    copyDeclarations({
      root: ROOT,
      entries: Object.fromEntries(
        Object.entries(ENTRIES).map(([name, subpath]) => [
          name,
          path.posix.join('@flagstream/client', subpath),
        ]),
      ),
      allowed: PEERS,
      out: path.join(folder, format, 'types'),
    }),
  );
  copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  writeFileSync(path.join(folder, 'THIRD_PARTY_NOTICES'), thirdPartyNotices(ROOT, bundled));
  writeFileSync(
    path.join(folder, 'package.json'),
    `${JSON.stringify(packageManifest(manifest, types[0]), null, 2)}\n`,
  );
}

function packageManifest(workspace, types) {
  const { name, version, description, license, type, sideEffects, engines, dependencies } = workspace;
  const conditions = (entry) =>
    Object.fromEntries(
      Object.entries(FORMATS).map(([condition, format]) => [
        condition,
        { types: `./${format}/types/${types[entry]}`, default: `./${format}/${entry}.js` },
      ]),
    );
  const { import: esm, require: cjs } = FORMATS;
  return {
    name,
    version,
    description,
    license,
    type,
    sideEffects,
    engines,
    files: [esm, cjs, 'THIRD_PARTY_NOTICES'],
    main: `./${cjs}/index.js`,
    types: `./${cjs}/types/${types.index}`,
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([entry, subpath]) => [subpath, conditions(entry)])),
      './package.json': './package.json',
    },
    dependencies: { [TRANSPORT]: `^${dependencies[TRANSPORT]}` },
    peerDependencies: { [PEERS[0]]: `^${dependencies[PEERS[0]]}` },
    peerDependenciesMeta: { [PEERS[0]]: { optional: true } },
  };
}

/** `npm pack` of the folder as it is; answers the tarball's path. */
function pack(folder, destination) {
  const words = [
    'pack',
    folder,
    '--pack-destination',
    destination,
    '--ignore-scripts',
    '--json',
    '--loglevel=error',
  ];
  const printed = execFileSync('npm', words, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return path.join(destination, JSON.parse(printed)[0].filename);
}

async function packInto(out) {
  if (existsSync(path.join(SDK, KEPT_MANIFEST)))
    throw new Error(
      'npm pack runs in packages/client, or was ended on its way: node scripts/pack-client.mjs --restore packages/client',
    );
  const folder = path.join(out, 'client-package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await writePackage(folder, readManifest(SDK));
  copyFileSync(path.join(SDK, 'README.md'), path.join(folder, 'README.md'));
  process.stdout.write(`${pack(folder, out)}\n`);
}

async function fill(folder) {
  restore(folder);
  const workspace = readManifest(folder);
  copyFileSync(path.join(folder, 'package.json'), path.join(folder, KEPT_MANIFEST));
  try {
    await writePackage(folder, workspace);
  } catch (error) {
    restore(folder);
    throw error;
  }
}

/** Also after an `npm pack` that was ended on its way. */
function restore(folder) {
  const kept = path.join(folder, KEPT_MANIFEST);
  if (!existsSync(kept)) return;
  for (const name of ADDED) rmSync(path.join(folder, name), { recursive: true, force: true });
  renameSync(kept, path.join(folder, 'package.json'));
}

const [word = path.join(ROOT, 'build'), folder] = process.argv.slice(2);
if (word === '--into') await fill(path.resolve(folder));
else if (word === '--restore') restore(path.resolve(folder));
else await packInto(path.resolve(word));

// Makes the one tarball that `npm install` takes: the `flagstream` command and the SDK as bundles, with
// everything inside except better-sqlite3 (native) and the OpenFeature SDK (the application's own).
//
// `node scripts/pack.mjs [FOLDER]` writes FOLDER/flagstream-<version>.tgz (default build/) from
// FOLDER/package, and prints the tarball's path on stdout.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { copyDeclarations } from './pack-declarations.mjs';
import { thirdPartyNotices } from './pack-notices.mjs';

const ROOT = path.dirname(import.meta.dirname);
const OUT = path.resolve(process.argv[2] ?? path.join(ROOT, 'build'));
const PACKAGE = path.join(OUT, 'package');

/** What the importing program brings with it, by the workspace manifest that pins it. */
const NATIVE = { name: 'better-sqlite3', pinnedBy: 'services/control-plane' };
const PEERS = ['@openfeature/server-sdk', '@openfeature/core'];

/** Bundled entry points, by their name in dist/. */
const ENTRIES = {
  cli: 'packages/cli/src/main.ts',
  client: 'packages/client/src/index.ts',
  openfeature: 'packages/client/src/openfeature/index.ts',
  // The control plane starts it from beside itself, which is among the chunks.
  'chunks/maintenance-worker': 'services/control-plane/src/maintenance/maintenance-worker.ts',
};

/** CommonJS packages inside an ES module still call require for Node's own modules. */
const REQUIRE_BANNER = [
  "import { createRequire as flagstreamCreateRequire } from 'node:module';",
  'const require = flagstreamCreateRequire(import.meta.url);',
].join('\n');

const manifest = (folder) => JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8'));
const run = (program, ...rest) =>
  execFileSync(program, rest, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

rmSync(PACKAGE, { recursive: true, force: true });
mkdirSync(path.join(PACKAGE, 'bin'), { recursive: true });

const bundled = await bundle();
// Declarations come from the compiler; it has nothing to do when they are current.
execFileSync(
  process.execPath,
  [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'packages/client'],
  {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  },
);
const types = copyDeclarations({
  root: ROOT,
  entries: { client: '@flagstream/client', openfeature: '@flagstream/client/openfeature' },
  allowed: PEERS,
  out: path.join(PACKAGE, 'types'),
});

writeFileSync(
  path.join(PACKAGE, 'bin', 'flagstream.js'),
  "#!/usr/bin/env node\n// The flagstream command.\nimport '../dist/cli.js';\n",
  { mode: 0o755 },
);
writeFileSync(path.join(PACKAGE, 'package.json'), `${JSON.stringify(packageManifest(types), null, 2)}\n`);
writeFileSync(path.join(PACKAGE, 'THIRD_PARTY_NOTICES'), thirdPartyNotices(ROOT, bundled));
for (const file of ['LICENSE', 'README.md']) copyFileSync(path.join(ROOT, file), path.join(PACKAGE, file));

const [packed] = JSON.parse(
  run('npm', 'pack', PACKAGE, '--pack-destination', OUT, '--ignore-scripts', '--json', '--loglevel=error'),
);
process.stdout.write(`${path.join(OUT, packed.filename)}\n`);

/** Writes dist/; answers the source files that went into it, relative to the root. */
async function bundle() {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: path.join(PACKAGE, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    conditions: ['source'],
    external: [NATIVE.name, ...PEERS],
    banner: { js: REQUIRE_BANNER },
    // Whole licence texts stand in THIRD_PARTY_NOTICES.
    legalComments: 'none',
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    logLevel: 'warning',
  });
  const used = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  return [...new Set(used)].sort();
}

function packageManifest({ client, openfeature }) {
  const { version, license, engines } = manifest('.');
  const pinned = manifest(NATIVE.pinnedBy).dependencies[NATIVE.name];
  const sdk = manifest('packages/client');
  const peers = PEERS.filter((name) => sdk.dependencies[name] !== undefined);
  return {
    name: 'flagstream',
    version,
    description: 'A real-time feature flag engine: control plane, evaluator, command line and SDK.',
    license,
    type: 'module',
    engines,
    bin: { flagstream: 'bin/flagstream.js' },
    exports: {
      '.': { types: `./types/${client}`, default: './dist/client.js' },
      './openfeature': { types: `./types/${openfeature}`, default: './dist/openfeature.js' },
      './package.json': './package.json',
    },
    dependencies: { [NATIVE.name]: pinned },
    peerDependencies: Object.fromEntries(peers.map((name) => [name, `^${sdk.dependencies[name]}`])),
    peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  };
}

// Makes the one tarball that `npm install` takes: the `flagstream` command and the SDK as bundles, with
// everything inside except better-sqlite3 (native) and the OpenFeature SDK (the application's own).
//
// `node scripts/pack.mjs [FOLDER]` writes FOLDER/flagstream-<version>.tgz (default build/) from
// FOLDER/package, and prints the tarball's path on stdout.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { bundle, NATIVE, PEERS, PROGRAM, SDK } from './bundle.mjs';
import { copyDeclarations } from './pack-declarations.mjs';
import { thirdPartyNotices } from './pack-notices.mjs';

const ROOT = path.dirname(import.meta.dirname);
const OUT = path.resolve(process.argv[2] ?? path.join(ROOT, 'build'));
const PACKAGE = path.join(OUT, 'package');

/** As packages/cli/bin/flagstream.js, for the package's own folders. */
const COMMAND = `#!/usr/bin/env node
// The flagstream command.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

module.enableCompileCache?.(fileURLToPath(new URL('../dist/compiled', import.meta.url)));
await import('../dist/cli.js');
`;

const manifest = (folder) => JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8'));
const run = (program, ...rest) =>
  execFileSync(program, rest, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

rmSync(PACKAGE, { recursive: true, force: true });
mkdirSync(path.join(PACKAGE, 'bin'), { recursive: true });

const bundled = await bundle({ ...PROGRAM, ...SDK }, path.join(PACKAGE, 'dist'));
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
  entries: {
    client: '@flagstream/client',
    openfeature: '@flagstream/client/openfeature',
    testing: '@flagstream/client/testing',
  },
  allowed: PEERS,
  out: path.join(PACKAGE, 'types'),
});

writeFileSync(path.join(PACKAGE, 'bin', 'flagstream.js'), COMMAND, { mode: 0o755 });
writeFileSync(path.join(PACKAGE, 'package.json'), `${JSON.stringify(packageManifest(types), null, 2)}\n`);
writeFileSync(path.join(PACKAGE, 'THIRD_PARTY_NOTICES'), thirdPartyNotices(ROOT, bundled));
for (const file of ['LICENSE', 'README.md']) copyFileSync(path.join(ROOT, file), path.join(PACKAGE, file));

const [packed] = JSON.parse(
  run('npm', 'pack', PACKAGE, '--pack-destination', OUT, '--ignore-scripts', '--json', '--loglevel=error'),
);
process.stdout.write(`${path.join(OUT, packed.filename)}\n`);

function packageManifest({ client, openfeature, testing }) {
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
      './testing': { types: `./types/${testing}`, default: './dist/testing.js' },
      './package.json': './package.json',
    },
    dependencies: { [NATIVE.name]: pinned },
    peerDependencies: Object.fromEntries(peers.map((name) => [name, `^${sdk.dependencies[name]}`])),
    peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  };
}

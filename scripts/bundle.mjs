// Makes bundles of the compiled-in parts: few files start several times faster than hundreds. `node scripts/bundle.mjs`
// writes the command into build/cli, from where packages/cli/bin/flagstream.js starts it; pack.mjs makes the tarball's.

import { rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const ROOT = path.dirname(import.meta.dirname);

/** What the importing program brings with it, by the workspace manifest that pins it. */
export const NATIVE = { name: 'better-sqlite3', pinnedBy: 'services/control-plane' };
export const PEERS = ['@openfeature/server-sdk', '@openfeature/core'];

/** grpc-js asks for it in functions that nothing of ours calls. */
const UNUSED = ['@grpc/proto-loader'];

/** Entry points, by their name in the bundle. */
export const PROGRAM = {
  cli: 'packages/cli/src/main.ts',
  // The control plane starts it from beside itself, which is among the chunks.
  'chunks/maintenance-worker': 'services/control-plane/src/maintenance/maintenance-worker.ts',
};
export const SDK = {
  client: 'packages/client/src/index.ts',
  openfeature: 'packages/client/src/openfeature/index.ts',
  testing: 'packages/client/src/testing/index.ts',
};

/** CommonJS packages inside an ES module still call require for Node's own modules. */
const REQUIRE_BANNER = [
  "import { createRequire as flagstreamCreateRequire } from 'node:module';",
  'const require = flagstreamCreateRequire(import.meta.url);',
].join('\n');

/** Writes outdir; answers the source files that went into it, relative to the root. */
export async function bundle(entryPoints, outdir) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    conditions: ['source'],
    external: [NATIVE.name, ...PEERS, ...UNUSED],
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

export async function bundleCommand() {
  const outdir = path.join(ROOT, 'build', 'cli');
  rmSync(outdir, { recursive: true, force: true });
  await bundle(PROGRAM, outdir);
}

if (process.argv[1] === import.meta.filename) await bundleCommand();

// The simulation as one file for each entry point, from the sources as they are.

import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.dirname(import.meta.dirname);
const OUT = path.join(ROOT, '.cache', 'sim');

/**
 * Answers the folder with main.mjs and worker.mjs.
 * @param folder where to, inside the repository: what is not ours is found from there
 * @param plugins of esbuild, which may change sources on their way
 */
export async function bundleSimulation(folder = OUT, plugins = []) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'test/sim/main.ts', worker: 'test/sim/command/worker.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [...plugins, ours],
  });
  return folder;
}

/** Only what is ours is bundled; what nothing is taken from is not even loaded. */
export const ours = {
  name: 'ours',
  setup(instance) {
    instance.onResolve({ filter: /^[^./]/ }, ({ path: specifier, kind }) =>
      kind === 'entry-point' || specifier.startsWith('@flagstream/')
        ? undefined
        : { path: specifier, external: true, sideEffects: false },
    );
  },
};

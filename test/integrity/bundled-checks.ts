/** The scenarios on the sources as they are, or with mutants in the place of what they change. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { ours } from '../../scripts/sim-bundle.mjs';
import { plantedBugs, planting } from '../../scripts/sim-patch.mjs';
import type * as allChecks from './all-checks.ts';

const HERE: string = import.meta.dirname;
/** Inside the repository: what is not ours is found from there. */
const OUT: string = path.resolve(HERE, '../../.cache/integrity');

type Checks = (typeof allChecks)['checks'];

/** @param without a check that is made nowhere: everything in its folder of `mutants/` is planted */
export async function bundledChecks(without?: string): Promise<Checks> {
  const bugs = without === undefined ? [] : plantedBugs(path.join(HERE, 'mutants', without));
  const bundle = path.join(OUT, `without-${without ?? 'nothing'}.mjs`);
  await build({
    entryPoints: [path.join(HERE, 'all-checks.ts')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    logLevel: 'warning',
    plugins: [...bugs.map(planting), ours],
  });
  // Not by an import, which vitest would transform once more.
  const { checks } = createRequire(import.meta.url)(bundle) as typeof allChecks;
  return checks;
}

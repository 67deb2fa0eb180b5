// `make sim`: bundles the simulation (a bundle runs twice as fast as modules that are compiled one by one) and
// runs it. Arguments: --seed N, --seeds A..B.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { bundleSimulation } from './sim-bundle.mjs';

const folder = await bundleSimulation();
const { status } = spawnSync(process.execPath, [path.join(folder, 'main.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

// `make sim`: replays a seed, runs a range of seeds, or hunts planted bugs. The simulation runs as a bundle, twice
// as fast as modules that are compiled one by one. Arguments: --seed N | --seeds A..B | mutants [PART OF A NAME ...].

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { bundleSimulation } from './sim-bundle.mjs';
import { runMutants } from './sim-mutants.mjs';

const [command, ...rest] = process.argv.slice(2);
process.exitCode = command === 'mutants' ? await runMutants(rest) : await simulate();

async function simulate() {
  const folder = await bundleSimulation();
  const program = path.join(folder, 'main.mjs');
  return spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
}

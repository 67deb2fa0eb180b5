// `make sim ARGS=mutants`: plants each known bug and counts the seeds until the simulation finds it. Arguments are
// parts of names; without any, test/results/sim-mutants.md is written.

import { execFileSync, fork } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { bundleSimulation } from './sim-bundle.mjs';
import { plantedBugs, planting } from './sim-patch.mjs';

const ROOT = path.dirname(import.meta.dirname);
const CACHE = path.join(ROOT, '.cache', 'sim-mutants');
const RESULT = path.join(ROOT, 'test', 'results', 'sim-mutants.md');
const SEEDS_MAX = 1_000;
const MEDIAN_MAX = 200;
/** Seeds given at a time: most bugs show within the first. */
const FIRST = 2;
const CHUNK = 8;
/** Longer than some seeds take on a busy machine. */
const CHUNK_TIMEOUT_MS = 120_000;

export async function runMutants(parts) {
  const chosen = plantedBugs().filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  rmSync(CACHE, { recursive: true, force: true });
  const sound = await bundleSimulation(path.join(CACHE, 'sound'));
  const rows = [];
  const queue = [...chosen];
  const work = async () => {
    const control = new Worker(sound);
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      const row = await huntOne(bug, control);
      rows.push(row);
      process.stdout.write(
        `${row.name}: ${row.seeds === undefined ? 'NOT FOUND' : `seed ${row.seeds}, ${row.promise}`}\n`,
      );
    }
    control.end();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  const table = format(rows);
  process.stdout.write(`\n${table}`);
  if (parts.length === 0) writeFileSync(RESULT, table);
  return rows.every(({ seeds }) => seeds !== undefined) && medianOf(rows) <= MEDIAN_MAX ? 0 : 1;
}

/** Some bugs by their names, for a test. `sound`: where the simulation without them is. */
export async function huntByName(names, sound) {
  const control = new Worker(sound);
  const rows = [];
  for (const bug of plantedBugs().filter(({ name }) => names.includes(name)))
    rows.push(await huntOne(bug, control));
  control.end();
  return rows;
}

async function huntOne(bug, control) {
  const folder = await bundleSimulation(path.join(CACHE, bug.name), [planting(bug)]);
  const row = { name: bug.name, file: bug.file, ...(await hunt(folder, control)) };
  rmSync(folder, { recursive: true, force: true });
  return row;
}

/** Seeds from 1 on until one violates a promise that it keeps without the bug. */
async function hunt(folder, control) {
  const broken = new Worker(folder);
  try {
    for (let from = 1, to = FIRST; from <= SEEDS_MAX; from = to + 1, to += CHUNK) {
      const found = await broken.run(from, to);
      for (const { seed, promise, message } of found) {
        // A program that breaks is found by anybody: what a checker sees counts.
        if (promise === 'no crash') continue;
        const isKept = (await control.run(seed, seed)).length === 0;
        if (isKept) return { seeds: seed, promise, message: message.split('\n')[0] };
      }
    }
    return { seeds: undefined };
  } finally {
    broken.end();
  }
}

class Worker {
  #process;
  constructor(folder) {
    this.#process = fork(path.join(folder, 'worker.mjs'));
  }

  /** Violations of some seeds, in order. */
  run(from, to) {
    return new Promise((resolve) => {
      const settle = (found) => {
        clearTimeout(timer);
        this.#process.removeAllListeners();
        resolve(found);
      };
      const timer = setTimeout(
        () => settle([{ seed: from, promise: 'no crash', message: 'it runs for ever' }]),
        CHUNK_TIMEOUT_MS,
      );
      this.#process.once('message', ({ found }) => settle(found));
      this.#process.once('exit', (code) =>
        settle([{ seed: from, promise: 'no crash', message: `exit code ${code}` }]),
      );
      this.#process.send({ from, to });
    });
  }

  end() {
    this.#process.kill('SIGKILL');
  }
}

const commit = () =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();

function format(rows) {
  const found = rows.filter(({ seeds }) => seeds !== undefined).length;
  const date = new Date().toISOString().slice(0, 10);
  const lines = [
    '# Planted bugs that the simulation finds',
    '',
    `\`make sim ARGS=mutants\`, ${date}, commit ${commit()}, Node ${process.versions.node} on ${availableParallelism()} cores of ${cpus()[0]?.model ?? process.arch}:`,
    `${found} of ${rows.length} found, median after ${medianOf(rows)} seeds.`,
    'Seeds are counted from 1 on; a seed counts whose checkers see a promise violated with the bug and kept without.',
    '',
    '| bug (test/sim/mutants) | planted in | seeds | promise | first violation |',
    '|---|---|--:|---|---|',
    ...rows.map(
      ({ name, file, seeds, promise, message }) =>
        `| ${name} | ${file} | ${seeds ?? 'not found'} | ${promise ?? ''} | ${(message ?? '').replaceAll('|', '\\|').slice(0, 140)} |`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function medianOf(rows) {
  const seeds = rows.map((row) => row.seeds ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  return seeds[Math.floor((seeds.length - 1) / 2)];
}

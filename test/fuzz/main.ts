// `make fuzz`: hostile input to every listener of real processes, from a seed. ARGS names listeners, and --from N
// with INPUTS=1 sends one input again. Fails when anything was found; the figures of a full run are kept.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.ts';
import { releaseAll } from '../support/resources.ts';
import { fuzzReport } from './fuzz-report.ts';
import { FuzzSite } from './fuzz-site.ts';
import { type FuzzFigures, fuzzListener } from './run-fuzz.ts';

/** Of one listener: what the promise of the README counts. */
const INPUTS_FULL = 100_000;
const RESULTS: string = path.resolve(import.meta.dirname, '..', 'results');
/** Longer than this and something hangs. */
const RUN_MAX_MS = 4 * 3_600_000;

process.env['FLAGSTREAM_TEST_BUILT'] = '1';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, inputs: { type: 'string' }, from: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const inputs = Number(values.inputs ?? INPUTS_FULL);
const from = Number(values.from ?? 0);
setTimeout(() => {
  process.stderr.write('the fuzz took too long\n');
  process.exit(1);
}, RUN_MAX_MS).unref();

try {
  const site = await FuzzSite.start();
  const listeners = site.listeners.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  if (listeners.length < positionals.length) {
    process.stderr.write(`there are the listeners ${site.listeners.map(({ name }) => name).join(', ')}\n`);
    process.exit(2);
  }
  const figures: FuzzFigures[] = [];
  for (const listener of listeners) {
    const onBatch = (done: number): void =>
      void process.stderr.write(`\r${listener.name}: ${done} of ${inputs} inputs  `);
    figures.push(await fuzzListener(site, listener, { seed, inputs, from, onBatch }));
    process.stderr.write('\n');
  }
  const markdown = fuzzReport({
    date: new Date().toISOString().slice(0, 10),
    command: `make fuzz SEED=${seed} INPUTS=${inputs}`,
    machine: describeMachine(),
    figures,
    memory: await site.memory().catch(() => []),
  });
  process.stdout.write(`\n${markdown}`);
  if (figures.some(({ findings }) => findings.length > 0)) process.exitCode = 1;
  if (positionals.length === 0 && inputs >= INPUTS_FULL) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(path.join(RESULTS, 'fuzz.md'), markdown);
    process.stderr.write('kept as test/results/fuzz.md\n');
  }
} finally {
  await releaseAll();
}
process.exit();

// Two hundred seeds of the whole cluster keep every promise. `make sim SEEDS=a..b` runs as many as wanted; a seed
// that fails here is replayed with `make sim SEED=n`.

import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { bundleSimulation } from '../../scripts/sim-bundle.mjs';
import { huntByName } from '../../scripts/sim-mutants.mjs';
import { plantedBugs } from '../../scripts/sim-patch.mjs';
import { tallyRange } from './command/tally-range.ts';
import { coverageOf } from './coverage/coverage.ts';
import { runSeed } from './scenario.ts';

test('200 seeds keep every promise', { timeout: 480_000 }, async ({ annotate }) => {
  const folder = await bundleSimulation();
  const tally = await tallyRange({
    from: 1,
    to: 200,
    folder,
    processes: Math.min(2, availableParallelism()),
  });
  const { reached, reachable, unforeseen } = coverageOf(tally.transitions);
  await annotate(
    `${tally.seeds} seeds, ${tally.events} events, ${(tally.cpuMs / tally.seeds).toFixed(0)} ms of CPU a seed, ${reached} of ${reachable} transitions`,
    'figure',
  );
  expect(tally.found).toEqual([]);
  expect(unforeseen).toEqual([]);
  expect(tally.seeds).toBe(200);
  expect(tally.fewestEvents).toBeGreaterThanOrEqual(500);
  expect(tally.fewestFaults).toBeGreaterThanOrEqual(5);
  // 95 % are asked of 1,000 seeds, by `make sim`.
  expect(reached / reachable).toBeGreaterThanOrEqual(0.85);
});

test('a seed is one history: the same each time, another for another seed', async () => {
  const first = await runSeed(7);
  const again = await runSeed(7);
  expect(again.traceHash).toBe(first.traceHash);
  expect(again.events).toBe(first.events);
  expect((await runSeed(8)).traceHash).not.toBe(first.traceHash);
});

test('every planted bug still fits the sources', () => {
  expect(plantedBugs().length).toBeGreaterThanOrEqual(20);
});

// The others by hand: `make sim ARGS=mutants`.
test('the simulation finds planted bugs', { timeout: 480_000 }, async () => {
  const names = [
    'fallback-never-goes-back',
    'freshness-of-what-is-not-applied',
    'half-a-record-applied',
    'node-that-lags-owes-nothing',
  ];
  expect(await huntByName(names, await bundleSimulation())).toMatchObject([
    { name: names[0], promise: 'converged' },
    { name: names[1], promise: 'fresh' },
    { name: names[2], promise: 'reliable' },
    { name: names[3], promise: 'confirmed' },
  ]);
});

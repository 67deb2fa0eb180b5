// Bytes allocated per operation: how much the heap grows over many operations while nothing is collected.
// The process needs --expose-gc and a young generation that holds a whole measurement (YOUNG_GENERATION_FLAGS);
// a measurement in which the collector ran all the same is taken again.

import { PerformanceObserver } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Case, runChecked } from './case.ts';

const YOUNG_GENERATION_MIB = 256;
export const YOUNG_GENERATION_FLAGS: readonly string[] = [
  '--expose-gc',
  `--min-semi-space-size=${YOUNG_GENERATION_MIB}`,
  `--max-semi-space-size=${YOUNG_GENERATION_MIB}`,
];

/** Far below the young generation, far above what the runtime allocates for itself meanwhile. */
const ENOUGH_BYTES = 24 * 2 ** 20;
/** Operations that allocate nothing would never reach it. */
const OPERATIONS_MAX = 500_000;
const WARM_UP_MS = 250;
const SAMPLES = 5;
const TRIES_MAX = 25;

const DIRECT_FLOOR: Case = {
  name: 'loop',
  mode: 'direct',
  period: 1_024,
  onPerPeriod: 1_024,
  run: () => true,
};
const ANSWERED = Promise.resolve(true);
const AWAITED_FLOOR: Case = { ...DIRECT_FLOOR, mode: 'awaited', run: () => ANSWERED };

/** The median of several measurements, less what the loop itself allocates. Throws when the collector never rests. */
export async function bytesPerOperation(one: Case): Promise<number> {
  const own = await grossBytes(one);
  return Math.max(0, own - (await floorOf(one.mode)));
}

const floors = new Map<Case['mode'], number>();

/** What the loop itself allocates; measured once per process. */
async function floorOf(mode: Case['mode']): Promise<number> {
  const floor = floors.get(mode) ?? (await grossBytes(mode === 'direct' ? DIRECT_FLOOR : AWAITED_FLOOR));
  floors.set(mode, floor);
  return floor;
}

async function grossBytes(one: Case): Promise<number> {
  const startMs = performance.now();
  while (performance.now() - startMs < WARM_UP_MS) await runChecked(one, one.period);
  let periods = 1;
  while (periods * one.period < OPERATIONS_MAX) {
    const growth = await heapGrowth(one, periods * one.period);
    if (growth.bytes >= ENOUGH_BYTES / 2) break;
    periods *= 2;
  }
  const operations = periods * one.period;
  const samples: number[] = [];
  for (let attempt = 0; samples.length < SAMPLES; attempt++) {
    if (attempt === TRIES_MAX) throw new Error(`${one.name}: the garbage collector ran in every measurement`);
    const { bytes, collected } = await heapGrowth(one, operations);
    if (!collected) samples.push(bytes / operations);
  }
  return samples.sort((a, b) => a - b)[SAMPLES >> 1]!;
}

async function heapGrowth(
  one: Case,
  operations: number,
): Promise<{ readonly bytes: number; readonly collected: boolean }> {
  if (globalThis.gc === undefined) throw new Error('bytes are measured with --expose-gc alone');
  globalThis.gc();
  await nextTurn();
  const watch = watchCollector();
  const before = process.memoryUsage();
  const startMs = performance.now();
  await runChecked(one, operations);
  const endMs = performance.now();
  const after = process.memoryUsage();
  const collected = await watch.ranBetween(startMs, endMs);
  return { bytes: after.heapUsed + after.external - before.heapUsed - before.external, collected };
}

interface CollectorWatch {
  /** Ends the watch. */
  ranBetween(startMs: number, endMs: number): Promise<boolean>;
}

function watchCollector(): CollectorWatch {
  const starts: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) starts.push(entry.startTime);
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    async ranBetween(startMs, endMs) {
      // Entries are delivered in later turns of the event loop.
      await nextTurn();
      await nextTurn();
      observer.disconnect();
      return starts.some((ms) => ms >= startMs && ms <= endMs);
    },
  };
}

// `make soak` fails by these.

import { describe, expect, test } from 'vitest';
import { growthLimits, holds, startUpLimits, verdict } from './limits.ts';
import type { MemoryRow } from './many-changes.ts';

const MEGABYTE = 1e6;

function memory(changes: number, heapMb: number, rssMb: number): MemoryRow {
  const figures = {
    revision: changes,
    heapBytes: heapMb * MEGABYTE,
    externalBytes: 0,
    rssBytes: rssMb * MEGABYTE,
  };
  return { changes, controlPlane: figures, evaluator: figures };
}

function startUp(revisions: number, controlPlaneMs: number, evaluatorMs: number) {
  return { revisions, controlPlaneMs, evaluatorMs, controlPlaneReadBytes: 0, evaluatorReadBytes: 0 };
}

describe('the limits of a soak', () => {
  test('count growth from a fifth of the run on', () => {
    const within = growthLimits([memory(1, 1, 10), memory(2, 20, 100), memory(10, 25, 109)]);
    expect(within.map(holds)).toEqual([true, true, true, true]);
    const beyond = growthLimits([memory(1, 99, 999), memory(2, 20, 100), memory(10, 25.1, 110.1)]);
    expect(beyond.map(holds)).toEqual([false, false, false, false]);
    expect(beyond.map(verdict)[0]).toBe(
      'FAILS: growth of the heap of the control plane, change 2 to 10: 5.10 MB, allowed 5',
    );
  });

  test('compare the start-up of both roles', () => {
    const limits = startUpLimits([startUp(1_000, 100, 100), startUp(500_000, 120, 121)]);
    expect(limits.map(holds)).toEqual([true, false]);
    expect(verdict(limits[0]!)).toMatch(/^holds: .* 1\.20 times, allowed 1\.2$/);
  });

  test('pass nothing that was not measured', () => {
    expect(holds({ what: 'nothing', measured: Number.NaN, allowed: 1, unit: '' })).toBe(false);
    expect(() => growthLimits([memory(10, 1, 1)])).toThrow('nothing to compare');
    expect(() => startUpLimits([startUp(1_000, 1, 1)])).toThrow('nothing to compare');
  });
});

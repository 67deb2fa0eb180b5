import { describe, expect, it } from 'vitest';
import {
  errorOf,
  evaluationNodes,
  growthOf,
  interpolate,
  type NodeFigures,
  predict,
  type Rules,
  streamNeeds,
  type Workload,
} from './sizing-model.ts';

const figures: NodeFigures = {
  baseMib: [
    { x: 10, y: 100 },
    { x: 10_010, y: 140 },
  ],
  streamKib: 32,
  streamTlsKib: 64,
  pushCpuUs: 20,
  acknowledgeCpuUs: 30,
  pushGrowth: [
    { x: 10, y: 1 },
    { x: 10_010, y: 1.2 },
  ],
  lastReceiptMs: [
    { x: 5_000, y: 200 },
    { x: 10_000, y: 400 },
  ],
  bytesPerChange: 500,
  evaluationCpuUs: [],
  coldStartMs: 250,
  heartbeatCpuUs: 40,
  heartbeatBytes: 100,
  logBytesPerChange: 1_000,
  natsBytesPerChange: 500,
};
const rules: Rules = {
  utilisationMax: 0.5,
  admittedPerSecond: 1_000,
  recoverySeconds: 10,
  heartbeatSeconds: 10,
};
const work: Workload = {
  streamClients: 50_000,
  flags: 5_010,
  changesPerDay: 1_000,
  evaluationsPerSecond: { average: 1, peak: 2, spike: 3 },
};

describe('streams', () => {
  it('fit into the nodes that are left when one is lost', () => {
    expect(streamNeeds(figures, work, rules)).toEqual({
      nodes: 6,
      clientsPerNode: 10_000,
      memoryMibPerNode: 120 + 312.5,
      memoryTlsMibPerNode: 120 + 625,
      recoverySeconds: 10,
      lastReceiptMs: expect.closeTo(440) as number,
      changeCpuMsPerNode: (20 * 1.1 + 30) * 10,
      idleShare: 0.04,
      bytesPerChange: 25_000_000,
      heartbeatBytesPerSecond: 500_000,
    });
  });

  it('need two nodes however few they are', () => {
    expect(streamNeeds(figures, { ...work, streamClients: 1 }, rules).nodes).toBe(2);
  });
});

it('evaluations need cores by what one takes, and room for bursts', () => {
  expect(evaluationNodes({ name: 'unary', cpuUs: 100 }, 36_000, rules)).toBe(8);
});

it('the log grows by changes alone', () => {
  expect(growthOf(figures, work)).toEqual({ logBytesPerYear: 365_000_000, natsBytesPerDay: 500_000 });
});

it('a point that was not measured lies on the lines of those that were', () => {
  expect(predict(figures, 15_000, 5_010)).toEqual({
    rssMib: 120 + 468.75,
    pushCpuUs: 22,
    lastReceiptMs: 660,
  });
  expect(errorOf(80, 100)).toBeCloseTo(0.2);
});

it.each([
  [0, 0],
  [1, 10],
  [1.5, 20],
  [2, 30],
  [3, 50],
])('at %f lies %f', (x, y) => {
  const points = [
    { x: 2, y: 30 },
    { x: 1, y: 10 },
    { x: 0, y: 0 },
  ];
  expect(interpolate(points, x)).toBeCloseTo(y);
});

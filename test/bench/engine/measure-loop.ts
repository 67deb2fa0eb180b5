// A loop for operations of nanoseconds: warmed up, sized to a length of time, rounds of all cases interleaved
// so that a slow moment of the machine falls on all of them.

import process from 'node:process';

export interface Case {
  readonly name: string;
  /** One operation; `index` grows by one each time. Answers whether the flag was on. */
  readonly run: (index: number) => boolean;
  /** How many of operations 0..period-1 are on: the loop checks it all the time. */
  readonly onPerPeriod: number;
  readonly period: number;
}

export interface CaseSamples {
  readonly name: string;
  /** CPU nanoseconds per operation, the garbage collector's threads included, by round. */
  readonly cpuNs: readonly number[];
  /** Operations per second of the clock, by round. */
  readonly perSecond: readonly number[];
}

const WARM_UP_MS = 150;
const ROUND_MS = 80;

export function measureCases(cases: readonly Case[], rounds: number): CaseSamples[] {
  const sized = cases.map((one) => ({ one, operations: sizeOf(one) }));
  const samples = cases.map(({ name }) => ({ name, cpuNs: [] as number[], perSecond: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    sized.forEach(({ one, operations }, index) => {
      const { cpuMs, wallMs } = time(one, operations);
      samples[index]!.cpuNs.push((cpuMs * 1e6) / operations);
      samples[index]!.perSecond.push((operations / wallMs) * 1e3);
    });
  }
  return samples;
}

/** Warms up; answers how many operations, in whole periods, fill a round. */
function sizeOf(one: Case): number {
  let operations = one.period;
  let spentMs = 0;
  for (;;) {
    const { wallMs } = time(one, operations);
    spentMs += wallMs;
    if (spentMs >= WARM_UP_MS && wallMs >= ROUND_MS / 4) {
      return Math.max(1, Math.round((ROUND_MS / wallMs) * (operations / one.period))) * one.period;
    }
    if (wallMs < ROUND_MS / 4) operations *= 2;
  }
}

function time(one: Case, operations: number): { readonly cpuMs: number; readonly wallMs: number } {
  const { run } = one;
  let on = 0;
  const startMs = performance.now();
  const start = process.cpuUsage();
  for (let index = 0; index < operations; index++) {
    if (run(index)) on++;
  }
  const { user, system } = process.cpuUsage(start);
  const wallMs = performance.now() - startMs;
  const expected = (operations / one.period) * one.onPerPeriod;
  if (on !== expected)
    throw new Error(`${one.name}: ${on} of ${operations} answers were on, not ${expected}`);
  return { cpuMs: (user + system) / 1e3, wallMs };
}

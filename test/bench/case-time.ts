// CPU time per operation: warmed up and sized to a length of time first, then taken round by round, so that
// whoever interleaves the rounds of several cases lets a slow moment of the machine fall on all of them.

import process from 'node:process';
import { type Case, runChecked } from './case.ts';

export interface CaseTiming {
  /** CPU nanoseconds per operation, the garbage collector's and the compiler's threads included. */
  readonly cpuNs: number;
  /** Operations per second of the clock. */
  readonly perSecond: number;
}

const WARM_UP_MS = 250;
const ROUND_MS = 60;

/** Warms up; answers how many operations, in whole periods, fill a round. */
export async function sizeRound(one: Case): Promise<number> {
  let operations = one.period;
  let spentMs = 0;
  for (;;) {
    const wallMs = await wallTime(one, operations);
    spentMs += wallMs;
    if (spentMs >= WARM_UP_MS && wallMs >= ROUND_MS / 4) {
      return Math.max(1, Math.round((ROUND_MS / wallMs) * (operations / one.period))) * one.period;
    }
    if (wallMs < ROUND_MS / 4) operations *= 2;
  }
}

/** One round. The period before it fills the caches again, which the other cases have used since. */
export async function timeRound(one: Case, operations: number): Promise<CaseTiming> {
  await runChecked(one, one.period);
  const startMs = performance.now();
  const start = process.cpuUsage();
  await runChecked(one, operations);
  const { user, system } = process.cpuUsage(start);
  const wallMs = performance.now() - startMs;
  return { cpuNs: ((user + system) * 1e3) / operations, perSecond: (operations / wallMs) * 1e3 };
}

async function wallTime(one: Case, operations: number): Promise<number> {
  const startMs = performance.now();
  await runChecked(one, operations);
  return performance.now() - startMs;
}

// The machine of a run, and a fixed loop that tells how fast it is at the moment: on shared hardware CPU time
// itself moves, so no figure means anything without it.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import process from 'node:process';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly system: string;
}

const LOOP_ROUNDS = 60_000_000;

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    system: `${type()} ${release().split('-')[0]} ${process.arch}`,
  };
}

/** CPU milliseconds of a loop of dependent integer operations. */
export function calibrate(): number {
  const before = process.cpuUsage();
  let state = 1;
  for (let round = 0; round < LOOP_ROUNDS; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  const { user, system } = process.cpuUsage(before);
  if (state === 0) throw new Error('the loop was not run');
  return (user + system) / 1_000;
}

// Keeps a process on one core, where the machine has a second one and taskset.

import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether servers and load can be kept apart. */
export function canPin(): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** All threads of a running process. */
export function pinProcess(pid: number, core: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** The command line that starts a program on one core. */
export function pinned(core: number, program: string, rest: readonly string[]): [string, string[]] {
  return ['taskset', ['--cpu-list', String(core), program, ...rest]];
}

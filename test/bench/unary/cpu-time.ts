// CPU time of another process, all of its threads, in nanoseconds: the scheduler's own account.

import { readdirSync, readFileSync } from 'node:fs';

/** Throws where the kernel has no /proc/PID/task/TID/schedstat. */
export function cpuNs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder)
    .map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

/** Why CPU time cannot be read here, or undefined when it can. */
export function cpuTimeMissing(): string | undefined {
  try {
    cpuNs(process.pid);
    return undefined;
  } catch {
    return 'the kernel does not tell the CPU time of threads (/proc/PID/task/TID/schedstat)';
  }
}

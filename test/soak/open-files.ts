// How many files, sockets among them, a process has open: the kernel's list.

import { readdirSync } from 'node:fs';

/** @throws Error where the kernel has no /proc/PID/fd */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

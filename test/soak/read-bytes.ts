// How many bytes a process has read so far, from files and sockets: the kernel's account of its calls. What a start
// reads tells more than the time that it takes, and no other process can disturb it.

import { readFileSync } from 'node:fs';
import process from 'node:process';

/** @throws Error where the kernel has no /proc/PID/io */
export function readBytes(pid: number): number {
  const account = readFileSync(`/proc/${pid}/io`, 'utf8');
  return Number(/^rchar: (\d+)$/m.exec(account)?.[1]);
}

/** Why it cannot be told here, or undefined when it can. */
export function readBytesMissing(): string | undefined {
  try {
    readBytes(process.pid);
    return undefined;
  } catch {
    return 'the kernel does not tell what a process reads (/proc/PID/io)';
  }
}

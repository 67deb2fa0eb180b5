// The machine's monotonic clock, which all of its processes share: moments of one compare with those of another.

import process from 'node:process';

/** Milliseconds, with fractions. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The same clock's reading at a moment that another process told in Unix milliseconds. */
export function machineMsAt(unixMs: number): number {
  return machineMs() + unixMs - (performance.timeOrigin + performance.now());
}

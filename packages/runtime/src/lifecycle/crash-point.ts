/**
 * Places at which a test ends the process as `kill -9` does: the variable
 * FLAGSTREAM_CRASH_AT names one of them, with ":n" its n-th pass. Costs a
 * comparison where it is not set.
 */
import process from 'node:process';

export const CRASH_POINTS = [
  'after-validation',
  'fold-before-insert',
  'fold-after-insert',
  'commit-before-answer',
  'commit-before-ship',
  'mid-ship',
  'genesis-before-stream',
  'stream-before-genesis',
  'genesis-before-beacon',
  'snapshot-before-stamp',
  'cache-temp-written',
  'cache-before-rename',
  'cache-after-rename',
  'tail-half-written',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

const [wanted, nth = '1'] = (process.env['FLAGSTREAM_CRASH_AT'] ?? '').split(':');
let passesLeft = Number(nth);

export function crashPoint(name: CrashPoint): void {
  if (name !== wanted) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}

/** Whether the next pass of this point ends the process: for a test that needs something left half done. */
export function crashesNext(name: CrashPoint): boolean {
  return name === wanted && passesLeft === 1;
}

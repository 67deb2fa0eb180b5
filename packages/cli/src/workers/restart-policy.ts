/**
 * What becomes of a worker that has ended. Pure.
 *
 * What holds: a first start fails as that of a single evaluator does, at once
 * and for good; once workers run, nothing that happens to one of them ends the
 * others, and one that cannot stay up is started ever more rarely.
 */
import { CONFIG_EXIT_CODE } from '@flagstream/runtime';
import type { WorkerFailure } from './worker-messages.ts';

const FIRST_DELAY_MS = 100;
const DELAY_MS_MAX = 30_000;
/** Who lived so long has shown that it can: the next death counts as a first one. */
const LIVED_MS = 60_000;

export interface Restart {
  /** Deaths in a row, none after a long life. */
  readonly deaths: number;
  readonly delayMs: number;
}

/** @param deaths in a row before this one @param livedMs from its start to its death */
export function nextRestart(deaths: number, livedMs: number): Restart {
  const counted = livedMs >= LIVED_MS ? 1 : deaths + 1;
  return { deaths: counted, delayMs: Math.min(FIRST_DELAY_MS * 2 ** (counted - 1), DELAY_MS_MAX) };
}

export interface Ending {
  /** What the worker itself said, if it said anything. */
  readonly failure: WorkerFailure | undefined;
  /** It, or one in its place, has opened its ports before. */
  readonly ranBefore: boolean;
  /** Some other worker has its ports open. */
  readonly othersRun: boolean;
}

/** Whether the supervisor must end with it: starting it again would not help, and harms nobody. */
export function endsAll({ failure, ranBefore, othersRun }: Ending): boolean {
  if (failure === undefined) return false;
  return !ranBefore || (failure.exitCode === CONFIG_EXIT_CODE && !othersRun);
}

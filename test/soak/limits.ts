// What a soak measures against what is allowed: a run that passes a limit fails.

import type { MemoryRow } from './many-changes.ts';
import type { StartUpFigures } from './start-up.ts';

export interface Limit {
  /** A noun phrase. */
  readonly what: string;
  readonly measured: number;
  readonly allowed: number;
  readonly unit: string;
}

const START_UP_TIMES_MAX = 1.2;
const HEAP_GROWTH_MAX_MB = 5;
const RSS_GROWTH_MAX_PERCENT = 10;
/** What comes before a fifth of the run fills bounded caches. */
const COUNTED_FROM = 0.2;
const MEGABYTE = 1e6;

/** What was not measured holds nothing. */
export function holds({ measured, allowed }: Limit): boolean {
  return measured <= allowed;
}

export function verdict(limit: Limit): string {
  const { what, measured, allowed, unit } = limit;
  return `${holds(limit) ? 'holds' : 'FAILS'}: ${what}: ${measured.toFixed(2)} ${unit}, allowed ${allowed}`;
}

/** Each longer log against the first one. */
export function startUpLimits([few, ...more]: readonly StartUpFigures[]): readonly Limit[] {
  if (few === undefined || more.length === 0) throw new Error('nothing to compare');
  return more.flatMap((many) => {
    const limit = (who: string, manyMs: number, fewMs: number): Limit => ({
      what: `start-up of ${who} after ${many.revisions} revisions, against ${few.revisions}`,
      measured: manyMs / fewMs,
      allowed: START_UP_TIMES_MAX,
      unit: 'times',
    });
    return [
      limit('a control plane', many.controlPlaneMs, few.controlPlaneMs),
      limit('an evaluator with an empty disk', many.evaluatorMs, few.evaluatorMs),
    ];
  });
}

/** The end of the run against a fifth of it. */
export function growthLimits(rows: readonly MemoryRow[]): readonly Limit[] {
  const to = rows.at(-1);
  const from = rows.find(({ changes }) => changes >= COUNTED_FROM * (to?.changes ?? 0));
  if (from === undefined || to === undefined || from === to) throw new Error('nothing to compare');
  return (['controlPlane', 'evaluator'] as const).flatMap((side) => {
    const who = `${side === 'evaluator' ? 'evaluator' : 'control plane'}, change ${from.changes} to ${to.changes}`;
    return [
      {
        what: `growth of the heap of the ${who}`,
        measured: (to[side].heapBytes - from[side].heapBytes) / MEGABYTE,
        allowed: HEAP_GROWTH_MAX_MB,
        unit: 'MB',
      },
      {
        what: `growth of RSS of the ${who}`,
        measured: 100 * (to[side].rssBytes / from[side].rssBytes - 1),
        allowed: RSS_GROWTH_MAX_PERCENT,
        unit: '%',
      },
    ];
  });
}

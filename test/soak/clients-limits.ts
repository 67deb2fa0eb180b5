// What many clients may leave behind in an hour, by the line through what was measured (slope.ts).

import type { Limit } from './limits.ts';
import type { ClientsSample, ManyClients, Side } from './many-clients.ts';
import { slopePerHour } from './slope.ts';

export interface Slopes {
  readonly heapMibPerHour: number;
  readonly rssMibPerHour: number;
  /** Of what the first counted sample has. */
  readonly rssPercentPerHour: number;
  readonly openFilesPerHour: number;
}

export const SIDES: Readonly<Record<Side, string>> = {
  controlPlane: 'control plane',
  evaluator: 'evaluator',
  sdk: 'process of the SDK clients',
};

/**
 * An hour at full size is 18,000 changes, 24,000 visits and some two million transfers: a kilobyte kept of each change
 * or visit, or nine bytes of each transfer, is more than this.
 */
const HEAP_MAX_MIB_PER_HOUR = 16;
/** RSS moves by some MiB with each collection, which ten minutes make seven times as much of an hour. */
const RSS_MAX_MIB_PER_HOUR = 60;
/** One file left open at each disturbance is 60 an hour, at each visit thousands; one that is open by chance is fewer. */
const OPEN_FILES_MAX_PER_HOUR = 10;
/** Connections of the run itself, to metrics and to the control plane, may be open or not. */
const OPEN_FILES_LEFT_MAX = 2;
/** What comes before a fifth of the run fills bounded caches. */
const COUNTED_FROM = 0.2;
const MEBIBYTE = 2 ** 20;

/** From a fifth of the run on. */
export function slopesOf(samples: readonly ClientsSample[], side: Side): Slopes {
  const fromMs = COUNTED_FROM * (samples.at(-1)?.atMs ?? 0);
  const counted = samples.filter(({ atMs }) => atMs >= fromMs);
  const slope = (key: keyof ClientsSample[Side]): number =>
    slopePerHour(counted.map((sample) => ({ atMs: sample.atMs, value: sample[side][key] })));
  const rss = slope('rssBytes');
  return {
    heapMibPerHour: slope('heapBytes') / MEBIBYTE,
    rssMibPerHour: rss / MEBIBYTE,
    rssPercentPerHour: (100 * rss) / (counted[0]?.[side].rssBytes ?? Number.NaN),
    openFilesPerHour: slope('openFiles'),
  };
}

export function clientsLimits({ samples, crowd, stay, listed, wrongValues }: ManyClients): readonly Limit[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || first === last) throw new Error('nothing to compare');
  const sides = (Object.keys(SIDES) as Side[]).flatMap((side) => {
    const slopes = slopesOf(samples, side);
    const limit = (what: string, measured: number, allowed: number, unit: string): Limit => ({
      what: `${what} of the ${SIDES[side]}`,
      ...{ measured, allowed, unit },
    });
    return [
      limit('slope of the heap', slopes.heapMibPerHour, HEAP_MAX_MIB_PER_HOUR, 'MiB/h'),
      limit('slope of RSS', slopes.rssMibPerHour, RSS_MAX_MIB_PER_HOUR, 'MiB/h'),
      limit('slope of open files', slopes.openFilesPerHour, OPEN_FILES_MAX_PER_HOUR, 'per hour'),
      limit(
        'open files after the last visitor, more than before the first,',
        last[side].openFiles - first[side].openFiles,
        ...([OPEN_FILES_LEFT_MAX, 'files'] as const),
      ),
    ];
  });
  const none = (what: string, measured: number): Limit => ({ what, measured, allowed: 0, unit: 'in all' });
  return [
    ...sides,
    none('steps back to an older revision', crowd.regressions),
    none(
      'streams of those that stay lost beyond those that were cut, or cut and not lost',
      Math.abs(crowd.losses),
    ),
    none('answers of SDK clients that were not those of the flags', wrongValues),
    none(
      'clients that the control plane lists, or lists as current, beyond or short of those that stay',
      Math.abs(listed.clients - stay) + Math.abs(listed.current - stay),
    ),
  ];
}

/** How many of the transitions that can happen have happened. */
import { REACHABLE, UNREACHED } from './reachable.ts';

export interface Coverage {
  readonly reached: number;
  readonly reachable: number;
  /** By reducer: those that never happened. */
  readonly missing: readonly string[];
  /** Happened, and stand in no list. */
  readonly unknown: readonly string[];
}

export function coverageOf(counts: Readonly<Record<string, number>>): Coverage {
  const all = Object.entries(REACHABLE).flatMap(([reducer, phases]) =>
    Object.entries(phases).flatMap(([phase, events]) =>
      events.map((event) => `${reducer} ${phase} ${event}`),
    ),
  );
  const missing = all.filter((key) => counts[key] === undefined);
  const known = new Set([...all, ...Object.keys(UNREACHED)]);
  return {
    reached: all.length - missing.length,
    reachable: all.length,
    missing,
    unknown: Object.keys(counts).filter((key) => !known.has(key)),
  };
}

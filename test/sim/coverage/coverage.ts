/** How many of the transitions that can happen have happened. */
import { ABANDONED, reachable, unreached } from './reachable.ts';

export interface Coverage {
  readonly reached: number;
  readonly reachable: number;
  /** By "reducer phase event": can happen, and never did. */
  readonly missing: readonly string[];
  /** Happened, and is said to be impossible. */
  readonly unforeseen: readonly string[];
}

export function coverageOf(counts: Readonly<Record<string, number>>): Coverage {
  const all = reachable();
  const known = new Set(all);
  const rare = unreached();
  const missing = all.filter((key) => counts[key] === undefined);
  return {
    reached: all.length - missing.length,
    reachable: all.length,
    missing,
    unforeseen: Object.keys(counts).filter((key) => !known.has(key) && rare.get(key) !== ABANDONED),
  };
}

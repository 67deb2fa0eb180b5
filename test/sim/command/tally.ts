/** What some seeds add up to; a plain object, so that it travels between processes. */
import type { SeedResult } from '../scenario.ts';

export interface Found {
  readonly seed: number;
  readonly promise: string;
  readonly message: string;
}

export interface Tally {
  seeds: number;
  events: number;
  fewestEvents: number;
  fewestFaults: number;
  commits: number;
  cpuMs: number;
  readonly faults: Record<string, number>;
  readonly transitions: Record<string, number>;
  readonly found: Found[];
}

export function emptyTally(): Tally {
  return {
    seeds: 0,
    events: 0,
    fewestEvents: Number.POSITIVE_INFINITY,
    fewestFaults: Number.POSITIVE_INFINITY,
    commits: 0,
    cpuMs: 0,
    faults: {},
    transitions: {},
    found: [],
  };
}

export function count(tally: Tally, result: SeedResult): void {
  tally.seeds += 1;
  tally.events += result.events;
  tally.fewestEvents = Math.min(tally.fewestEvents, result.events);
  tally.fewestFaults = Math.min(tally.fewestFaults, result.faults.length);
  tally.commits += result.commits;
  for (const fault of result.faults) tally.faults[fault] = (tally.faults[fault] ?? 0) + 1;
  for (const [key, times] of result.transitions)
    tally.transitions[key] = (tally.transitions[key] ?? 0) + times;
  if (result.violation !== undefined) tally.found.push({ seed: result.seed, ...result.violation });
}

export function add(sum: Tally, part: Tally): void {
  sum.seeds += part.seeds;
  sum.events += part.events;
  sum.fewestEvents = Math.min(sum.fewestEvents, part.fewestEvents);
  sum.fewestFaults = Math.min(sum.fewestFaults, part.fewestFaults);
  sum.commits += part.commits;
  sum.cpuMs += part.cpuMs;
  for (const [key, times] of Object.entries(part.faults)) sum.faults[key] = (sum.faults[key] ?? 0) + times;
  for (const [key, times] of Object.entries(part.transitions))
    sum.transitions[key] = (sum.transitions[key] ?? 0) + times;
  sum.found.push(...part.found);
}

/** A tally as text. */
import { coverageOf } from '../coverage/coverage.ts';
import { UNREACHED } from '../coverage/reachable.ts';
import type { Tally } from './tally.ts';

export function formatTally(tally: Tally, clockMs: number): string {
  const { seeds, events, fewestEvents, fewestFaults, commits, cpuMs, faults, found, transitions } = tally;
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  const { reached, reachable, missing, unknown } = coverageOf(transitions);
  const lines = [
    `${seeds} seeds, ${found.length} violations`,
    `  ${Math.round(events / seeds)} events a seed (fewest ${fewestEvents}), ${(commits / seeds).toFixed(1)} revisions, fewest faults ${fewestFaults}`,
    `  ${(cpuMs / seeds).toFixed(1)} ms of CPU a seed, ${((seeds * 1000) / clockMs).toFixed(1)} seeds a second`,
    'faults injected:',
    ...injected.map(([name, times]) => `  ${String(times).padStart(7)}  ${name}`),
    `transitions reached: ${reached} of ${reachable} (${((100 * reached) / reachable).toFixed(1)} %)`,
    ...missing.map((key) => `  not reached: ${key}`),
    ...unknown.map((key) => `  in no list: ${key}`),
    'transitions that the simulation cannot reach:',
    ...Object.entries(UNREACHED).map(([key, why]) => `  ${key}: ${why}`),
  ];
  return `${lines.join('\n')}\n`;
}
